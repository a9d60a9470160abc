import { grouped } from '../grouped.js';
import {
  covarianceOfMeans,
  DIFFERENCES,
  type Estimate,
  mean,
  meanOf,
  nestedMean,
  type PooledEffect,
  pairedDifferences,
  randomEffects,
  type Score,
  totalOf,
} from '../statistics/index.js';
import type { Contrast } from '../study/index.js';
import type { Windows } from './course.js';
import { pairsOf, type WindowName, windowsOf } from './effects.js';
import { FEWEST, type Inference } from './inference.js';
import { probeScores, scoresIn } from './scores.js';
import type { Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';
import { type Run, runsOf } from './variance.js';

/** The difference of two arms, pooled over models of a study on one source, or over training seeds of one recipe. */
export interface PooledEffectOfArms {
  readonly source: string;
  /** What it is pooled over, for example `3 training seeds of soft`. */
  readonly over: string;
  readonly arm: string;
  /** The arm that it is a difference from. */
  readonly against: string;
  readonly window: WindowName;
  /** The models, in the order of the specification. */
  readonly models: readonly string[];
  /** Over more such models or seeds: each is one observation. */
  readonly pooled: PooledEffect;
  /** Over the prompts, for these models or seeds alone: it says nothing about others. */
  readonly within: Estimate;
  /** Which part of the variance of a single dialogue's difference lies where, 0…1; null for what is not told apart. */
  readonly shares: Readonly<Record<PooledSource, number | null>>;
}

/** Sources of variance of a pooled difference. `rest` is the model × dialogue interaction, and chance. */
export type PooledSource = 'model' | 'prompt' | 'dialogue' | 'rest';

/** One model's difference, by cluster. */
interface ModelDifferences {
  readonly model: string;
  /** The difference of each cluster, by its prompt, or by its index if all have one prompt: models run the same dialogues. */
  readonly byCluster: ReadonlyMap<string, Score>;
  readonly runs: readonly Run[];
}

/**
 * Pools the differences of every contrast over models, as random effects; see `randomEffects`. Training seeds of one recipe
 * are pooled by themselves. Models of one study run the same dialogues, so the covariance of their differences is taken
 * into account. Empty for a study with one model.
 */
export function pooledEffects(
  slices: readonly Slice[],
  spec: ReportedSpec,
  contrasts: readonly Contrast[],
  inference: Inference,
): PooledEffectOfArms[] {
  const sources = [...new Set(slices.map(({ labels }) => labels.source))];
  return sources.flatMap((source) =>
    groupsOf(spec.models).flatMap(({ over, models }) => {
      const own = slices.filter(({ labels }) => labels.source === source && models.includes(labels.model));
      if (own.length < 2) return [];
      return contrasts.flatMap((contrast) =>
        WINDOWS.flatMap((window): PooledEffectOfArms[] => {
          const each = own.flatMap((slice) => differencesOf(slice, contrast, spec, window) ?? []);
          if (each.length < 2) return [];
          return [
            {
              ...{ source, over: `${each.length} ${over}`, window, models: each.map(({ model }) => model) },
              ...{ arm: contrast.left, against: contrast.right },
              pooled: randomEffects(
                each.map(({ byCluster }) => effectOf([...byCluster.values()])),
                sharedVariance(each),
              ),
              within: withinModels(each, inference),
              shares: sharesOf(each),
            },
          ];
        }),
      );
    }),
  );
}

const WINDOWS: readonly WindowName[] = ['early', 'late', 'last'];

/** Groups models that are pooled together: training seeds of one recipe, and all others. */
function groupsOf(models: ReportedSpec['models']): { readonly over: string; readonly models: string[] }[] {
  const recipes = new Map<string, string[]>();
  for (const { name, trained } of models) {
    if (trained !== undefined) recipes.set(trained.recipe, [...(recipes.get(trained.recipe) ?? []), name]);
  }
  const seeds = [...recipes].filter(([, own]) => own.length > 1);
  const seeded = seeds.flatMap(([, own]) => own);
  const others = models.map(({ name }) => name).filter((name) => !seeded.includes(name));
  return [
    ...seeds.map(([recipe, own]) => ({ over: `training seeds of ${recipe}`, models: own })),
    { over: 'models', models: others },
  ];
}

/** Returns the differences of two arms in one slice; null for fewer than two clusters. */
function differencesOf(
  slice: Slice,
  contrast: Contrast,
  windows: Windows,
  window: WindowName,
): ModelDifferences | null {
  const [found] = pairsOf(slice, [contrast]);
  const rounds = found && windowsOf(found.pair.right, windows).find((each) => each.window === window);
  if (found === undefined || rounds === undefined) return null;
  const { pair } = found;
  const [left, right] = [pair.left, pair.right].map((side) => scoresIn(side, rounds.has, probeScores()));
  const first = pair.left.map((cluster) => cluster[0]!);
  const isByPrompt = new Set(first.map(({ system }) => system)).size === first.length;
  const byCluster = new Map(
    pairedDifferences(left!, right!).flatMap((score, at) => {
      const { index, system } = first[at]!;
      return score.count === 0 ? [] : [[isByPrompt ? system : String(index), score] as const];
    }),
  );
  return byCluster.size < 2 ? null : { model: slice.labels.model, byCluster, runs: runsOf(pair, rounds.has) };
}

/** Returns the mean difference over clusters of all models together: a cluster is a prompt with all its models. */
function withinModels(models: readonly ModelDifferences[], inference: Inference): Estimate {
  const clusters = [...new Set(models.flatMap(({ byCluster }) => [...byCluster.keys()]))];
  const scores = clusters.map((key) => totalOf(models.flatMap(({ byCluster }) => byCluster.get(key) ?? [])));
  return inference.estimate(scores.length, meanOf(scores), DIFFERENCES);
}

const UNTOLD = { model: null, prompt: null, dialogue: null, rest: null };

/** Fits random intercepts of models, crossed with those of prompts and their dialogues, to the mean of each dialogue's seeds. */
function sharesOf(models: readonly ModelDifferences[]): PooledEffectOfArms['shares'] {
  const runs = models.flatMap(({ model, runs }) => {
    const byDialogue = grouped(runs, ({ prompt, dialogue }) => JSON.stringify([prompt, dialogue]));
    return [...byDialogue.values()].map((own) => ({
      ...own[0]!,
      value: mean(own.map(({ value }) => value)),
      model,
    }));
  });
  const prompts = new Set(runs.map(({ prompt }) => prompt)).size;
  const dialogues = new Set(runs.map(({ prompt, dialogue }) => JSON.stringify([prompt, dialogue]))).size;
  const sources = [
    ...(prompts > 1 ? (['prompt'] as const) : []),
    ...(dialogues > prompts ? (['dialogue'] as const) : []),
  ];
  if (dialogues < FEWEST) return UNTOLD;
  const { variances, crossedVariance } = nestedMean(
    runs.map((run) => ({
      value: run.value,
      groups: sources.map((source) => run[source]),
      crossed: run.model,
    })),
  );
  const total = variances.reduce((sum, variance) => sum + variance, crossedVariance);
  if (!(total > 0)) return UNTOLD;
  const shareOf = (source: 'prompt' | 'dialogue'): number | null => {
    const at = sources.indexOf(source);
    return at < 0 ? null : variances[at]! / total;
  };
  return {
    model: crossedVariance / total,
    prompt: shareOf('prompt'),
    dialogue: shareOf('dialogue'),
    rest: variances.at(-1)! / total,
  };
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
