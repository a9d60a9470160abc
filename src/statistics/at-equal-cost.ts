import { createRandom } from '../random.js';
import { everyOf, redraw } from './bootstrap.js';
import { meanOf, type Score } from './statistic.js';

/** What each arm gains and costs. */
export interface Trades {
  readonly benefits: Float64Array; // [arms]
  readonly costs: Float64Array; // [arms]
}

/** A number computed from what all arms gain and cost; NaN if it cannot be. */
export type TradeStatistic = (trades: Trades) => number;

/** What each arm gains and costs, and the same in every resample. */
export interface TradeSample {
  readonly observed: Trades;
  readonly resampled: readonly Trades[];
}

/** The scores of every arm: gains over clusters of dialogues, costs over held-out items. Both are the same for all arms. */
export interface TradeScores {
  readonly benefits: readonly (readonly Score[])[]; // [arms][clusters]
  readonly costs: readonly (readonly Score[])[]; // [arms][items]
}

/**
 * Resamples gains and costs together, for a bootstrap over a whole procedure (which arm is on the front, which gains more at
 * one cost). A resample draws clusters of dialogues and, independently, held-out items, the same for every arm, so that
 * arms stay paired; then every arm's gain and cost are computed again.
 */
export function resampleTrades(
  { benefits, costs }: TradeScores,
  { resamples = 10_000, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): TradeSample {
  const gains = benefits.map(meanOf);
  const prices = costs.map(meanOf);
  const tradesOf = (clusters: Int32Array, items: Int32Array): Trades => ({
    benefits: Float64Array.from(gains, (gain) => gain(clusters)),
    costs: Float64Array.from(prices, (price) => price(items)),
  });
  const clusters = everyOf(benefits[0]?.length ?? 0);
  const items = everyOf(costs[0]?.length ?? 0);
  const observed = tradesOf(clusters, items);
  const random = createRandom(seed);
  return {
    observed,
    resampled: Array.from({ length: resamples }, () =>
      tradesOf(redraw(clusters, random), redraw(items, random)),
    ),
  };
}

/**
 * Returns whether an arm is on the Pareto front, 1 or 0: no other arm is as good in gain and cost and better in one of the
 * two. Its mean over resamples is how often the arm is on the front.
 */
export function onFront(arm: number): TradeStatistic {
  return ({ benefits, costs }) => {
    const [gain, cost] = [benefits[arm]!, costs[arm]!];
    for (let other = 0; other < benefits.length; other++) {
      const isAsGood = benefits[other]! >= gain && costs[other]! <= cost;
      if (isAsGood && (benefits[other]! > gain || costs[other]! < cost)) return 0;
    }
    return 1;
  };
}

/**
 * Returns what an arm gains more than a curve of arms at the arm's own cost; NaN if that cost is outside the curve.
 * @param curve indices of the curve's arms: one policy at several strengths; see {@link gainAt}
 */
export function gainOverCurve(arm: number, curve: readonly number[]): TradeStatistic {
  return (trades) => trades.benefits[arm]! - gainAt(pointsOf(trades, curve), Math.sqrt(trades.costs[arm]!));
}

/**
 * Returns what one curve of arms gains more than another: the mean difference over the costs that both cover, with √cost
 * as the scale; NaN if they share no range. Between arms both are straight lines, so the mean is exact.
 */
export function gainBetweenCurves(left: readonly number[], right: readonly number[]): TradeStatistic {
  return (trades) => {
    const [ofLeft, ofRight] = [pointsOf(trades, left), pointsOf(trades, right)];
    const from = Math.max(ofLeft[0]!.at, ofRight[0]!.at);
    const to = Math.min(ofLeft.at(-1)!.at, ofRight.at(-1)!.at);
    if (!(from < to)) return Number.NaN;
    const difference = (at: number): number => gainAt(ofLeft, at) - gainAt(ofRight, at);
    const places = [
      from,
      ...[...ofLeft, ...ofRight].map(({ at }) => at).filter((at) => at > from && at < to),
      to,
    ];
    places.sort((a, b) => a - b);
    let area = 0;
    for (let place = 1; place < places.length; place++) {
      const [start, end] = [places[place - 1]!, places[place]!];
      area += ((difference(start) + difference(end)) / 2) * (end - start);
    }
    return area / (to - from);
  };
}

/** Returns what one curve of arms gains more than another at one cost; NaN if a curve does not cover it. */
export function gainBetweenCurvesAt(
  left: readonly number[],
  right: readonly number[],
  cost: number,
): TradeStatistic {
  const at = Math.sqrt(cost);
  return (trades) => gainAt(pointsOf(trades, left), at) - gainAt(pointsOf(trades, right), at);
}

/** A point of a curve: √cost, and the gain there. */
interface CurvePoint {
  readonly at: number;
  readonly gain: number;
}

/** Returns the arms of a curve by ascending √cost; arms of equal cost are one point with their mean gain. */
function pointsOf({ benefits, costs }: Trades, curve: readonly number[]): CurvePoint[] {
  const byCost = [...curve].sort((a, b) => costs[a]! - costs[b]!);
  return byCost.flatMap((arm, place) => {
    if (place > 0 && costs[byCost[place - 1]!] === costs[arm]) return [];
    const equal = byCost.filter((other) => costs[other] === costs[arm]);
    const gain = equal.reduce((sum, other) => sum + benefits[other]!, 0) / equal.length;
    return [{ at: Math.sqrt(costs[arm]!), gain }];
  });
}

/**
 * Returns the gain of a curve at a cost, linear in √cost between the neighbouring arms. NaN outside: a curve is not
 * continued beyond its arms. The scale is √cost because a weak policy of strength δ changes behaviour by about δ and the
 * KL divergence by about δ²; on the scale of KL, lines between few arms would lie far below the curve.
 */
function gainAt(points: readonly CurvePoint[], at: number): number {
  const above = points.findIndex((point) => point.at >= at);
  if (above < 0) return Number.NaN;
  const high = points[above]!;
  if (high.at === at) return high.gain;
  const low = points[above - 1];
  return low === undefined
    ? Number.NaN
    : low.gain + ((high.gain - low.gain) * (at - low.at)) / (high.at - low.at);
}
