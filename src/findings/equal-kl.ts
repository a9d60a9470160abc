import {
  gainBetweenCurves,
  gainBetweenCurvesAt,
  gainOverCurve,
  type TradeStatistic,
} from '../statistics/index.js';
import { curvesOf, type StrengthCurve } from './arms.js';
import { testFamilies } from './families.js';
import type { Inference } from './inference.js';
import type { ReportedArm } from './study-result.js';
import { type ArmTrades, estimateTrade, type TradeEstimate } from './trade-sample.js';

/** Late stability of a policy minus that of another at the same KL divergence from the untouched model. */
export interface EqualCostGain extends TradeEstimate {
  /** An arm, or a policy at several strengths. */
  readonly left: string;
  /** A policy at several strengths, between which its stability is interpolated. */
  readonly right: string;
  /** The KL divergences compared, in nats a token: one, or a range over which the mean difference is taken. */
  readonly from: number;
  readonly to: number;
  /** `p` after Holm's correction over all gains of the study. */
  readonly pHolm: number;
}

/** A gain before Holm's correction. */
export type UncorrectedGain = Omit<EqualCostGain, 'pHolm'>;

/**
 * Compares policies at equal KL divergence: every two curves over the range that both cover and in its middle, and every
 * arm that is on no curve with each curve at the arm's own KL divergence. Outside a curve's range the gain is NaN: a curve
 * is not continued beyond its arms.
 */
export function equalCostGains(trades: ArmTrades, arms: readonly ReportedArm[]): UncorrectedGain[] {
  const { curves, single } = curvesAndSingles(trades.arms, arms);
  return [
    ...curves.flatMap((left, at) =>
      curves.slice(at + 1).flatMap((right) => betweenCurves(trades, left, right)),
    ),
    ...single.flatMap((name) => curves.map((curve) => overCurve(trades, name, curve))),
  ];
}

/** Corrects the gains of all slices, `[slices][gains]`, as one family. Their p-values come from the bootstrap. */
export function correctedGains(
  gains: readonly (readonly UncorrectedGain[])[],
  inference: Inference,
): EqualCostGain[][] {
  const corrected = testFamilies(gains, { familyOf: () => 'gains', test: ({ p }) => ({ p }) }, inference);
  return gains.map((ofSlice, slice) => ofSlice.map((gain, at) => ({ ...gain, ...corrected[slice]![at]! })));
}

/** Returns the largest number of gains that these arms give; see {@link equalCostGains}. */
export function mostGains(names: readonly string[], arms: readonly ReportedArm[]): number {
  const { curves, single } = curvesAndSingles(names, arms);
  return curves.length * (curves.length - 1) + single.length * curves.length;
}

function curvesAndSingles(names: readonly string[], arms: readonly ReportedArm[]) {
  const curves = curvesOf(arms.filter(({ name }) => names.includes(name)));
  const onCurves = curves.flatMap((curve) => curve.arms);
  return { curves, single: names.filter((name) => !onCurves.includes(name)) };
}

function betweenCurves(trades: ArmTrades, left: StrengthCurve, right: StrengthCurve): UncorrectedGain[] {
  const [ofLeft, ofRight] = [left, right].map(({ arms }) => arms.map((name) => trades.arms.indexOf(name)));
  const [costsLeft, costsRight] = [ofLeft!, ofRight!].map((curve) =>
    curve.map((arm) => trades.sample.observed.costs[arm]!),
  );
  const from = Math.max(Math.min(...costsLeft!), Math.min(...costsRight!));
  const to = Math.min(Math.max(...costsLeft!), Math.max(...costsRight!));
  const names = { left: left.name, right: right.name };
  if (!(from < to))
    return [{ ...names, from: Number.NaN, to: Number.NaN, ...estimateTrade(trades, NOWHERE) }];
  // In the middle on the scale of interpolation.
  const middle = ((Math.sqrt(from) + Math.sqrt(to)) / 2) ** 2;
  return [
    { ...names, from, to, ...estimateTrade(trades, gainBetweenCurves(ofLeft!, ofRight!)) },
    {
      ...names,
      from: middle,
      to: middle,
      ...estimateTrade(trades, gainBetweenCurvesAt(ofLeft!, ofRight!, middle)),
    },
  ];
}

/** The gain of curves that share no range. */
const NOWHERE: TradeStatistic = () => Number.NaN;

function overCurve(trades: ArmTrades, name: string, { name: right, arms }: StrengthCurve): UncorrectedGain {
  const arm = trades.arms.indexOf(name);
  const cost = trades.sample.observed.costs[arm]!;
  const curve = arms.map((own) => trades.arms.indexOf(own));
  return { left: name, right, from: cost, to: cost, ...estimateTrade(trades, gainOverCurve(arm, curve)) };
}
