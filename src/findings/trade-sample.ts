import {
  type Estimate,
  expandedEstimate,
  mean,
  NO_INTERVAL,
  resampleTrades,
  type Score,
  type TradeSample,
  type TradeScores,
  type TradeStatistic,
} from '../statistics/index.js';
import { itemsOf } from './costs.js';
import type { Windows } from './course.js';
import { FEWEST } from './inference.js';
import { between, probeScores, scoresIn } from './scores.js';
import type { ArmRecords } from './slices.js';

/** A benefit, such as late stability, and the KL divergence of the arms that have both, resampled together. */
export interface ArmTrades {
  /** Names of the arms, in the order of the numbers. */
  readonly arms: readonly string[];
  readonly sample: TradeSample;
  /** The smaller number of clusters and held-out items: intervals are as wide as this number asks for. */
  readonly clusters: number;
}

/** The scores of the arms that have both, before they are resampled. */
export interface TradedArms {
  readonly names: readonly string[];
  readonly scores: TradeScores;
}

/**
 * Returns the traded arms of a slice; null if fewer than two arms have a benefit and a KL divergence.
 * @param benefitsOf returns an arm's benefit by cluster; the clusters of all arms are the same
 */
export function tradedArms(
  arms: readonly ArmRecords[],
  benefitsOf: (arm: ArmRecords) => readonly Score[],
): TradedArms | null {
  const costs = new Map(arms.map((arm) => [arm, itemsOf(arm, 'kl')]));
  const measured = arms.filter(
    (arm) => costs.get(arm)!.size > 0 && benefitsOf(arm).some(({ count }) => count > 0),
  );
  const items = [...(costs.get(measured[0]!)?.keys() ?? [])]
    .filter((item) => measured.every((arm) => costs.get(arm)!.has(item)))
    .sort();
  if (measured.length < 2 || items.length === 0) return null;
  return {
    names: measured.map(({ name }) => name),
    scores: {
      benefits: measured.map(benefitsOf),
      costs: measured.map((arm) => items.map((item): Score => costs.get(arm)!.get(item)!)),
    },
  };
}

/** Resamples traded arms. */
export function resampledTrades({ names, scores }: TradedArms, resamples: number): ArmTrades {
  return {
    arms: names,
    sample: resampleTrades(scores, { resamples }),
    clusters: Math.min(scores.benefits[0]!.length, scores.costs[0]!.length),
  };
}

/** Returns the late stability of an arm by cluster. */
export const lateStability =
  ({ late }: Windows) =>
  ({ shared }: ArmRecords): Score[] =>
    scoresIn(shared, between(late), probeScores());

/** A difference of gains, and how far it is from what resamples would give without one. */
export interface TradeEstimate {
  /** Its value is NaN if the data do not have the statistic, its interval if too many resamples do not. */
  readonly difference: Estimate;
  /** Two-sided p-value of the bootstrap: twice the fraction of resamples beyond zero. NaN without an interval. */
  readonly p: number;
}

/** An interval is not told if more than this fraction of the resamples do not have the statistic. */
const MOST_WITHOUT = 0.05;

/** Estimates a statistic of the trades with a bootstrap over the whole procedure. */
export function estimateTrade(
  { sample: { observed, resampled }, clusters }: ArmTrades,
  statistic: TradeStatistic,
): TradeEstimate {
  const value = statistic(observed);
  const drawn = Float64Array.from(resampled, statistic).filter((each) => !Number.isNaN(each));
  const told =
    !Number.isNaN(value) && clusters >= FEWEST && drawn.length >= (1 - MOST_WITHOUT) * resampled.length;
  if (!told) return { difference: { value, ...NO_INTERVAL }, p: Number.NaN };
  const below = drawn.filter((each) => each <= 0).length;
  const above = drawn.filter((each) => each >= 0).length;
  return {
    difference: expandedEstimate(value, drawn, clusters),
    p: Math.min(1, (2 * (1 + Math.min(below, above))) / (1 + drawn.length)),
  };
}

/** Returns how often, over resamples, an arm has a property (1 or 0); NaN for too few clusters or items. */
export function frequencyOf(
  { sample: { resampled }, clusters }: ArmTrades,
  property: TradeStatistic,
): number {
  return clusters < FEWEST ? Number.NaN : mean(resampled.map(property));
}
