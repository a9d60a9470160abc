import { grouped } from '../grouped.js';
import {
  DIFFERENCES,
  differenceOf,
  type Estimate,
  meanOf,
  medianOf,
  type Range,
  SCORES,
  type Score,
  type Statistic,
  totalOf,
} from '../statistics/index.js';
import type { CostRecord } from '../study/index.js';
import type { RoundEstimate } from './course.js';
import type { Dialogue } from './dialogues.js';
import type { Inference } from './inference.js';
import { only, readMeasured, roundsOf, scoreOf, scoresIn } from './scores.js';
import { type ArmRecords, baselineOf, type Slice } from './slices.js';

/** The costs of an arm in quality, tokens and time; null for what was not measured. */
export interface ArmCosts {
  readonly name: string;
  /** KL divergence of the untouched model's next-token distribution from the arm's, in nats a token. */
  readonly kl: Estimate | null;
  /** The same in each round of the held-out dialogues, over those that have it; empty in folders of older versions. */
  readonly klRounds: readonly RoundEstimate[];
  /** Perplexity on held-out text, and its ratio to the baseline's. */
  readonly perplexity: Estimate | null;
  readonly perplexityRatio: Estimate | null;
  /** Fraction of questions answered correctly, and its difference from the baseline's. */
  readonly accuracy: Estimate | null;
  readonly accuracyDifference: Estimate | null;
  /** Tokens of context in the last round; null without dialogues, as all below. */
  readonly contextTokens: Estimate | null;
  /** Tokens forwarded in a dialogue, including probes and second passes. */
  readonly forwardedTokens: Estimate | null;
  readonly forwardPasses: Estimate | null;
  /** Those of the forwarded tokens that were computed again for a clean cache; null for a held one. */
  readonly recomputedTokens: Estimate | null;
  /** Time per decoded token relative to the baseline's in the same dialogue: the median over scenarios. */
  readonly timeRatio: Estimate | null;
}

/** Computes the costs of every arm of a slice, led or not. */
export function costsOf(slice: Slice, inference: Inference): ArmCosts[] {
  const { measured: arms } = slice;
  const baseline = baselineOf(slice);
  return arms.map((arm) => {
    const { shared } = arm;
    const lastRound = roundsOf(shared).at(-1) ?? 0;
    const context = scoresIn(shared, only(lastRound), readMeasured('contextTokens'));
    const overDialogues = (counts: readonly Score[]): Estimate | null =>
      arm.dialogues.length === 0 ? null : inference.estimate(counts.length, meanOf(counts));
    const perDialogue = (countIn: (dialogue: Dialogue) => number): Estimate | null =>
      overDialogues(shared.map((cluster) => totalOf(cluster.map((dialogue) => scoreOf(countIn(dialogue))))));
    const alone = (
      measure: Measure,
      statistic: (mean: Statistic) => Statistic,
      range?: Range,
    ): Estimate | null => heldOut([arm], arms, measure, ([own]) => statistic(own!), inference, range);
    const beside = (
      measure: Measure,
      statistic: (own: Statistic, first: Statistic) => Statistic,
      range?: Range,
    ): Estimate | null =>
      baseline === undefined
        ? null
        : heldOut(
            [arm, baseline],
            arms,
            measure,
            ([own, first]) => statistic(own!, first!),
            inference,
            range,
          );
    return {
      name: arm.name,
      kl: alone('kl', (mean) => mean),
      klRounds: klRoundsOf(arm, arms, inference),
      perplexity: alone('perplexity', exponentialOf),
      perplexityRatio: beside('perplexity', (own, first) => exponentialOf(differenceOf(own, first))),
      accuracy: alone('choice', (mean) => mean, SCORES),
      accuracyDifference: beside('choice', differenceOf, DIFFERENCES),
      contextTokens: overDialogues(context),
      forwardedTokens: perDialogue(({ forwardedTokens }) => forwardedTokens),
      forwardPasses: perDialogue(({ forwardPasses }) => forwardPasses),
      recomputedTokens: shared.flat().every(({ recomputedTokens }) => recomputedTokens === undefined)
        ? null
        : perDialogue(({ recomputedTokens = 0 }) => recomputedTokens),
      timeRatio: baseline === undefined ? null : timeRatioOf(arm, baseline, inference),
    };
  });
}

type Measure = CostRecord['measure'];

/**
 * Estimates a statistic of the means of `arms` over held-out items, using the items that every measured arm has; null if
 * one of `arms` was not measured.
 * @param all all arms of the slice; those without this measure are ignored
 */
function heldOut(
  arms: readonly ArmRecords[],
  all: readonly ArmRecords[],
  measure: Measure,
  statistic: (means: readonly Statistic[]) => Statistic,
  inference: Inference,
  range?: Range,
): Estimate | null {
  const measured = all.map((arm) => itemsOf(arm, measure)).filter(({ size }) => size > 0);
  const own = arms.map((arm) => itemsOf(arm, measure));
  const items = [...own[0]!.keys()].filter((item) => measured.every((costs) => costs.has(item))).sort();
  if (items.length === 0 || own.some(({ size }) => size === 0)) return null;
  const means = own.map((costs) => meanOf(items.map((item): Score => costs.get(item)!)));
  return inference.estimate(items.length, statistic(means), range);
}

/** Estimates the KL divergence in each round, over the held-out dialogues of which every measured arm has the round. */
function klRoundsOf(arm: ArmRecords, all: readonly ArmRecords[], inference: Inference): RoundEstimate[] {
  const measured = all.map((each) => itemsOf(each, 'kl')).filter(({ size }) => size > 0);
  const sumIn = (cost: CostRecord | undefined, round: number): Score | undefined =>
    cost?.rounds?.find((each) => each.round === round);
  const own = itemsOf(arm, 'kl');
  const items = [...own.keys()].sort();
  const longest = Math.max(0, ...[...own.values()].map(({ rounds = [] }) => rounds.length));
  return Array.from({ length: longest }, (_, at) => at + 1).flatMap((round) => {
    const shared = items.filter((item) =>
      measured.every((costs) => sumIn(costs.get(item), round) !== undefined),
    );
    if (shared.length === 0) return [];
    const mean = meanOf(shared.map((item) => sumIn(own.get(item), round)!));
    return [{ round, ...inference.estimate(shared.length, mean) }];
  });
}

/** Returns the costs of an arm by held-out item. */
export function itemsOf({ costs }: ArmRecords, measure: Measure): ReadonlyMap<string, CostRecord> {
  return new Map(costs.filter((cost) => cost.measure === measure).map((cost) => [cost.item, cost]));
}

/** Returns a statistic's exponential. */
export const exponentialOf =
  (statistic: Statistic): Statistic =>
  (drawn) =>
    Math.exp(statistic(drawn));

/**
 * Returns the median over scenarios of the ratio of times per token, over the dialogues that both arms have timings for.
 * The median is robust to single dialogues that waited for the machine or paid for a warm-up.
 */
function timeRatioOf(arm: ArmRecords, baseline: ArmRecords, inference: Inference): Estimate | null {
  const isTimed = ({ totalMs }: Dialogue): boolean => !Number.isNaN(totalMs);
  const firsts = new Map(baseline.dialogues.filter(isTimed).map((dialogue) => [dialogue.key, dialogue]));
  const pairs = arm.dialogues.filter(isTimed).flatMap((own) => {
    const first = firsts.get(own.key);
    return first === undefined ? [] : [{ own, first }];
  });
  const ratios = [...grouped(pairs, ({ own }) => own.index).values()].flatMap((ofScenario) => {
    const ratio =
      timeAToken(ofScenario.map(({ own }) => own)) / timeAToken(ofScenario.map(({ first }) => first));
    return Number.isFinite(ratio) ? [ratio] : [];
  });
  if (ratios.length === 0) return null;
  return inference.estimate(ratios.length, medianOf(ratios));
}

/** Returns milliseconds per decoded token. */
function timeAToken(dialogues: readonly Dialogue[]): number {
  const total = totalOf(
    dialogues.map(({ totalMs, decodedTokens }) => ({ sum: totalMs, count: decodedTokens })),
  );
  return total.sum / total.count;
}
