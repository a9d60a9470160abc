import { differenceOf, type Estimate, meanOf, type Score, type Statistic } from '../../measure/index.js';
import type { CostRecord } from '../index.js';
import type { Inference } from './inference.js';
import { only, roundsOf, scoreOf, scoresIn } from './scores.js';
import type { ArmRecords, Slice } from './slices.js';

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

export function costsOf({ arms }: Slice, inference: Inference): ArmCosts[] {
  const baseline = arms[0]!;
  return arms.map((arm) => {
    const clusters = arm.dialogues.length;
    const lastRound = roundsOf(arm.dialogues).at(-1) ?? 0;
    const context = scoresIn(arm.dialogues, only(lastRound), (round) => scoreOf(round.contextTokens));
    const forwarded = arm.dialogues.map((cluster) => ({
      sum: cluster.reduce((sum, { forwardedTokens }) => sum + forwardedTokens, 0),
      count: cluster.length,
    }));
    return {
      name: arm.name,
      kl: heldOut([arm], 'kl', ([kl]) => kl!, inference),
      perplexity: heldOut([arm], 'perplexity', ([loss]) => exponentialOf(loss!), inference),
      perplexityRatio: heldOut(
        [arm, baseline],
        'perplexity',
        ([own, first]) => exponentialOf(differenceOf(own!, first!)),
        inference,
      ),
      accuracy: heldOut([arm], 'choice', ([right]) => right!, inference),
      accuracyDifference: heldOut(
        [arm, baseline],
        'choice',
        ([own, first]) => differenceOf(own!, first!),
        inference,
      ),
      contextTokens: inference.estimate(clusters, meanOf(context)),
      forwardedTokens: inference.estimate(clusters, meanOf(forwarded)),
      timeRatio: timeRatioOf(arm, baseline, inference),
    };
  });
}

/** A statistic of the arms' means over the held-out items that all of them have; null without such items. */
function heldOut(
  arms: readonly ArmRecords[],
  measure: CostRecord['measure'],
  statistic: (means: readonly Statistic[]) => Statistic,
  inference: Inference,
): Estimate | null {
  const byItem = arms.map(
    ({ costs }) => new Map(costs.filter((cost) => cost.measure === measure).map((cost) => [cost.item, cost])),
  );
  const items = [...byItem[0]!.keys()].filter((item) => byItem.every((costs) => costs.has(item))).sort();
  if (items.length === 0) return null;
  const means = byItem.map((costs) => meanOf(items.map((item): Score => costs.get(item)!)));
  return inference.estimate(items.length, statistic(means));
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
