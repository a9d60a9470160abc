import {
  differenceOf,
  type Estimate,
  meanOf,
  quantile,
  type Score,
  type Statistic,
} from '../statistics/index.js';
import type { CostRecord, DialogueRecord } from '../study/index.js';
import type { Inference } from './inference.js';
import { only, roundsOf, scoreOf, scoresIn, totalOf } from './scores.js';
import { type ArmRecords, baselineOf, type Slice } from './slices.js';
import type { LabelledTiming } from './study-result.js';

/** What an arm costs the model and who runs it; null where it was not measured. */
export interface ArmCosts {
  readonly name: string;
  /** Of the untouched model's next-token distribution from the arm's, in nats a token. */
  readonly kl: Estimate | null;
  /** On held-out text, and as a multiple of the first arm's. */
  readonly perplexity: Estimate | null;
  readonly perplexityRatio: Estimate | null;
  /** Fraction of questions answered right, and its difference to the first arm's. */
  readonly accuracy: Estimate | null;
  readonly accuracyDifference: Estimate | null;
  /** Tokens of the context at the last round. */
  readonly contextTokens: Estimate;
  /** Tokens forwarded a dialogue, probes and a second pass included. */
  readonly forwardedTokens: Estimate;
  readonly forwardPasses: Estimate;
  /** Time for each decoded token as a multiple of the first arm's in the same dialogue: the median over scenarios. */
  readonly timeRatio: Estimate | null;
}

export function costsOf(slice: Slice, inference: Inference): ArmCosts[] {
  const { arms } = slice;
  const baseline = baselineOf(slice);
  return arms.map((arm) => {
    const { shared } = arm;
    const lastRound = roundsOf(shared).at(-1) ?? 0;
    const context = scoresIn(shared, only(lastRound), (round) => scoreOf(round.contextTokens));
    const perDialogue = (countIn: (dialogue: DialogueRecord) => number): Estimate =>
      inference.estimate(
        shared.length,
        meanOf(shared.map((cluster) => totalOf(cluster.map((dialogue) => scoreOf(countIn(dialogue)))))),
      );
    const alone = (measure: Measure, statistic: (mean: Statistic) => Statistic): Estimate | null =>
      heldOut([arm], arms, measure, ([own]) => statistic(own!), inference);
    const beside = (
      measure: Measure,
      statistic: (own: Statistic, first: Statistic) => Statistic,
    ): Estimate | null =>
      baseline === undefined
        ? null
        : heldOut([arm, baseline], arms, measure, ([own, first]) => statistic(own!, first!), inference);
    return {
      name: arm.name,
      kl: alone('kl', (mean) => mean),
      perplexity: alone('perplexity', exponentialOf),
      perplexityRatio: beside('perplexity', (own, first) => exponentialOf(differenceOf(own, first))),
      accuracy: alone('choice', (mean) => mean),
      accuracyDifference: beside('choice', differenceOf),
      contextTokens: inference.estimate(context.length, meanOf(context)),
      forwardedTokens: perDialogue(({ forwardedTokens }) => forwardedTokens),
      forwardPasses: perDialogue(({ forwardPasses }) => forwardPasses),
      timeRatio: baseline === undefined ? null : timeRatioOf(arm, baseline, inference),
    };
  });
}

type Measure = CostRecord['measure'];

/**
 * A statistic of some arms' means over the held-out items that all arms have which were measured at all; null where one
 * of them was not.
 */
function heldOut(
  arms: readonly ArmRecords[],
  all: readonly ArmRecords[],
  measure: Measure,
  statistic: (means: readonly Statistic[]) => Statistic,
  inference: Inference,
): Estimate | null {
  const measured = all.map((arm) => itemsOf(arm, measure)).filter(({ size }) => size > 0);
  const own = arms.map((arm) => itemsOf(arm, measure));
  const items = [...own[0]!.keys()].filter((item) => measured.every((costs) => costs.has(item))).sort();
  if (items.length === 0 || own.some(({ size }) => size === 0)) return null;
  const means = own.map((costs) => meanOf(items.map((item): Score => costs.get(item)!)));
  return inference.estimate(items.length, statistic(means));
}

function itemsOf({ costs }: ArmRecords, measure: Measure): ReadonlyMap<string, CostRecord> {
  return new Map(costs.filter((cost) => cost.measure === measure).map((cost) => [cost.item, cost]));
}

const exponentialOf =
  (statistic: Statistic): Statistic =>
  (drawn) =>
    Math.exp(statistic(drawn));

/**
 * The median over scenarios of the ratio of times a token, over the dialogues that both were timed on: a dialogue that
 * had to wait, or in which something was done for the first time, does not move it.
 */
function timeRatioOf(arm: ArmRecords, baseline: ArmRecords, inference: Inference): Estimate | null {
  const paired = arm.timings.flatMap((own) => {
    const first = baseline.timings.find(({ index, seed }) => index === own.index && seed === own.seed);
    return first === undefined ? [] : [{ own, first }];
  });
  const ratios = [...new Set(paired.map(({ own }) => own.index))].flatMap((index) => {
    const ofScenario = paired.filter(({ own }) => own.index === index);
    const ratio =
      timeAToken(ofScenario.map(({ own }) => own)) / timeAToken(ofScenario.map(({ first }) => first));
    return Number.isFinite(ratio) ? [ratio] : [];
  });
  if (ratios.length === 0) return null;
  const median: Statistic = (drawn) => quantile(Float64Array.from(drawn, (at) => ratios[at]!).sort(), 0.5);
  return inference.estimate(ratios.length, median);
}

/** Milliseconds a decoded token. */
function timeAToken(timings: readonly LabelledTiming[]): number {
  const total = totalOf(
    timings.map(({ totalMs, decodedTokens }) => ({ sum: totalMs, count: decodedTokens })),
  );
  return total.sum / total.count;
}
