import { differenceOf, type Estimate, meanOf, type Score, type Statistic } from '../../measure/index.js';
import type { CostRecord } from '../index.js';
import type { Inference } from './inference.js';
import { only, roundsOf, scoreOf, scoresIn } from './scores.js';
import { type ArmRecords, baselineOf, type Slice } from './slices.js';

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
  /** Time for each decoded token, as a multiple of the first arm's. */
  readonly timeRatio: Estimate | null;
}

export function costsOf(slice: Slice, inference: Inference): ArmCosts[] {
  const { arms } = slice;
  const baseline = baselineOf(slice);
  return arms.map((arm) => {
    const { shared } = arm;
    const lastRound = roundsOf(shared).at(-1) ?? 0;
    const context = scoresIn(shared, only(lastRound), (round) => scoreOf(round.contextTokens));
    const forwarded = shared.map((cluster) => ({
      sum: cluster.reduce((sum, { forwardedTokens }) => sum + forwardedTokens, 0),
      count: cluster.length,
    }));
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
      forwardedTokens: inference.estimate(forwarded.length, meanOf(forwarded)),
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

/** Over the dialogues that both were timed on. */
function timeRatioOf(arm: ArmRecords, baseline: ArmRecords, inference: Inference): Estimate | null {
  const ofArm = timesOf(arm);
  const ofBaseline = timesOf(baseline);
  const places = [...ofArm.keys()].filter((place) => ofBaseline.has(place)).sort();
  if (places.length === 0) return null;
  const own = meanOf(places.map((place) => ofArm.get(place)!));
  const first = meanOf(places.map((place) => ofBaseline.get(place)!));
  return inference.estimate(places.length, (drawn) => own(drawn) / first(drawn));
}

/** Milliseconds over decoded tokens, by scenario and seed. */
function timesOf({ timings }: ArmRecords): Map<string, Score> {
  return new Map(
    timings
      .filter(({ decodedTokens }) => decodedTokens > 0)
      .map(({ index, seed, totalMs, decodedTokens }) => [
        `${index}/${seed}`,
        { sum: totalMs, count: decodedTokens },
      ]),
  );
}
