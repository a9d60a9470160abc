import {
  covarianceOfMeans,
  mean,
  type PooledEffect,
  pairedDifferences,
  randomEffects,
  type Score,
} from '../statistics/index.js';
import type { Windows } from './course.js';
import { pairDialogues, type WindowName } from './effects.js';
import { between, probeScores, scoresIn } from './scores.js';
import { baselineOf, type Slice } from './slices.js';

/** An arm's difference from the baseline, pooled over the models of a study on one source. */
export interface PooledArm {
  readonly source: string;
  readonly arm: string;
  readonly window: Exclude<WindowName, 'last'>;
  /** The models, in the order of the specification. */
  readonly models: readonly string[];
  readonly pooled: PooledEffect;
}

/** One model's difference, by cluster. */
interface ModelDifferences {
  readonly model: string;
  /** The difference of each cluster, by its prompt, or by its index if all have one prompt: models run the same dialogues. */
  readonly byCluster: ReadonlyMap<string, Score>;
}

/**
 * Pools the early and late differences of every arm over models, as random effects; see `randomEffects`. Training seeds of
 * one architecture are models too. Models of one study run the same dialogues, so the covariance of their differences is
 * taken into account. Empty for a study with one model.
 */
export function pooledArms(slices: readonly Slice[], windows: Windows): PooledArm[] {
  const sources = [...new Set(slices.map(({ labels }) => labels.source))];
  return sources.flatMap((source) => {
    const ofSource = slices.filter(({ labels }) => labels.source === source);
    const arms = [...new Set(ofSource.flatMap((slice) => slice.arms.map(({ name }) => name)))];
    return arms.flatMap((arm) =>
      (['early', 'late'] as const).flatMap((window): PooledArm[] => {
        const each = ofSource.flatMap((slice) => differencesOf(slice, arm, windows[window]) ?? []);
        if (each.length < 2) return [];
        const pooled = randomEffects(
          each.map(({ byCluster }) => effectOf([...byCluster.values()])),
          sharedVariance(each),
        );
        return [{ source, arm, window, models: each.map(({ model }) => model), pooled }];
      }),
    );
  });
}

/** Returns the differences of an arm from the baseline in one slice; null for fewer than two clusters. */
function differencesOf(
  slice: Slice,
  name: string,
  window: readonly [first: number, last: number],
): ModelDifferences | null {
  const baseline = baselineOf(slice);
  const arm = slice.arms.find((each) => each.name === name);
  if (baseline === undefined || arm === undefined || arm === baseline) return null;
  const pairs = pairDialogues(arm.dialogues, baseline.dialogues);
  const [left, right] = [pairs.left, pairs.right].map((side) =>
    scoresIn(side, between(window), probeScores()),
  );
  const first = pairs.left.map((cluster) => cluster[0]!);
  const isByPrompt = new Set(first.map(({ system }) => system)).size === first.length;
  const byCluster = new Map(
    pairedDifferences(left!, right!).flatMap((score, at) => {
      const { index, system } = first[at]!;
      return score.count === 0 ? [] : [[isByPrompt ? system : String(index), score] as const];
    }),
  );
  return byCluster.size < 2 ? null : { model: slice.labels.model, byCluster };
}

function effectOf(scores: readonly Score[]) {
  const sum = scores.reduce((total, score) => total + score.sum, 0);
  const count = scores.reduce((total, score) => total + score.count, 0);
  return { value: sum / count, variance: covarianceOfMeans(scores, scores) };
}

/** Returns the mean covariance of two models' differences, at least 0. */
function sharedVariance(models: readonly ModelDifferences[]): number {
  const pairs = models.flatMap((left, at) => models.slice(at + 1).map((right) => [left, right] as const));
  const covariances = pairs.map(([left, right]) => {
    const clusters = [...new Set([...left.byCluster.keys(), ...right.byCluster.keys()])];
    const scores = [left, right].map(({ byCluster }) =>
      clusters.map((cluster) => byCluster.get(cluster) ?? { sum: 0, count: 0 }),
    );
    return covarianceOfMeans(scores[0]!, scores[1]!);
  });
  return Math.max(0, mean(covariances));
}
