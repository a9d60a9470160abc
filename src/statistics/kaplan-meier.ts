import type { Statistic } from './statistic.js';

/** How long a dialogue kept what it may lose. */
export interface Lifetime {
  /** The round of the first loss, or the last observed round of a dialogue that was censored: seen no longer. */
  readonly time: number;
  /** Whether it was lost; false for a dialogue that was censored. */
  readonly lost: boolean;
}

/** The Kaplan–Meier estimate at a time at which a dialogue was lost or censored. */
export interface SurvivalStep {
  readonly time: number;
  /** Dialogues that were neither lost nor censored before this time. */
  readonly atRisk: number;
  /** Dialogues lost at this time. */
  readonly lost: number;
  /** Estimated fraction of dialogues that are not lost up to and including this time. */
  readonly kept: number;
  /** The ends of the 95 % interval for independent dialogues; see {@link kaplanMeier}. */
  readonly low: number;
  readonly high: number;
}

/** The 97.5th percentile of the standard normal distribution. */
const Z = 1.959963984540054;
/** Two kept fractions are equal if they differ by less than this: products of fractions are rounded. */
const ROUNDING = 1e-12;

/**
 * Returns the Kaplan–Meier estimate (1958) at every time of a loss or of censoring, ascending:
 *
 *   S(t) = Π_{tᵢ ≤ t} (1 − dᵢ / nᵢ),   dᵢ lost at tᵢ, nᵢ at risk
 *
 * A dialogue that is censored at the time of a loss was at risk of it. The interval takes dialogues as independent: it is
 * Greenwood's variance (1926) on the scale log(−log S), which stays within 0…1 (Kalbfleisch and Prentice 1980). At S = 1 and
 * S = 0 that variance does not exist; the interval is then Clopper and Pearson's of the n at risk at this time or at the
 * start, (α/2)^(1/n)…1 and 0…1 − (α/2)^(1/n).
 */
export function kaplanMeier(lifetimes: readonly Lifetime[]): SurvivalStep[] {
  const times = [...new Set(lifetimes.map(({ time }) => time))].sort((a, b) => a - b);
  let kept = 1;
  let variance = 0; // Greenwood's, of log S
  return times.map((time) => {
    const atRisk = lifetimes.filter((lifetime) => lifetime.time >= time).length;
    const lost = lifetimes.filter((lifetime) => lifetime.lost && lifetime.time === time).length;
    kept *= 1 - lost / atRisk;
    variance += lost / (atRisk * (atRisk - lost));
    return { time, atRisk, lost, kept, ...greenwood(kept, variance, { atRisk, all: lifetimes.length }) };
  });
}

function greenwood(
  kept: number,
  variance: number,
  { atRisk, all }: { readonly atRisk: number; readonly all: number },
): { readonly low: number; readonly high: number } {
  if (kept === 1) return { low: 0.025 ** (1 / atRisk), high: 1 };
  if (kept === 0) return { low: 0, high: 1 - 0.025 ** (1 / all) };
  const width = (Z * Math.sqrt(variance)) / -Math.log(kept);
  return { low: kept ** Math.exp(width), high: kept ** Math.exp(-width) };
}

/** Lifetimes of clusters (prompts) of dialogues, `[clusters][dialogues]`. */
export type LifetimeClusters = readonly (readonly Lifetime[])[];

/** Returns the Kaplan–Meier estimate S(time) over the dialogues of the drawn clusters. */
export function keptOf(clusters: LifetimeClusters, time: number): Statistic {
  const { times, keptAt } = curveOf(clusters);
  const place = times.findLastIndex((each) => each <= time);
  return (drawn) => (place < 0 ? 1 : keptAt(drawn)[place]!);
}

/** Returns the median lifetime: the first time at which S ≤ ½. `Infinity` if S stays above it: the median is not reached. */
export function medianLifetimeOf(clusters: LifetimeClusters): Statistic {
  const { times, keptAt } = curveOf(clusters);
  return (drawn) =>
    times[keptAt(drawn).findIndex((kept) => kept <= 0.5 + ROUNDING)] ?? Number.POSITIVE_INFINITY;
}

/**
 * Returns the restricted mean lifetime, the area below S from 0 to `until` (Royston and Parmar 2013): the mean time to the
 * loss, where a dialogue that is lost later counts `until`.
 */
export function restrictedMeanOf(clusters: LifetimeClusters, until: number): Statistic {
  const { times, keptAt } = curveOf(clusters);
  return (drawn) => {
    let area = 0;
    let from = 0;
    let height = 1;
    for (const [place, kept] of keptAt(drawn).entries()) {
      const to = Math.min(times[place]!, until);
      area += height * (to - from);
      from = to;
      height = kept;
    }
    return area + height * (until - from);
  };
}

/** S of drawn clusters. */
interface SurvivalCurve {
  /** The times that occur in any cluster, ascending. */
  readonly times: readonly number[];
  /** Returns S at each of these times, `[times]`. */
  readonly keptAt: (drawn: Int32Array) => Float64Array;
}

function curveOf(clusters: LifetimeClusters): SurvivalCurve {
  const times = [...new Set(clusters.flat().map(({ time }) => time))].sort((a, b) => a - b);
  const placeOf = new Map(times.map((time, place) => [time, place]));
  // Of each dialogue: twice the place of its time, plus 1 if it was lost then.
  const ends = clusters.map((cluster) =>
    Int32Array.from(cluster, ({ time, lost }) => 2 * placeOf.get(time)! + (lost ? 1 : 0)),
  );
  const keptAt: SurvivalCurve['keptAt'] = (drawn) => {
    const ended = new Int32Array(2 * times.length); // by time: censored, lost
    let atRisk = 0;
    for (let draw = 0; draw < drawn.length; draw++) {
      const own = ends[drawn[draw]!]!;
      atRisk += own.length;
      for (let at = 0; at < own.length; at++) ended[own[at]!]!++;
    }
    const curve = new Float64Array(times.length);
    let kept = 1;
    for (let place = 0; place < curve.length; place++) {
      const [censored, lost] = [ended[2 * place]!, ended[2 * place + 1]!];
      if (lost > 0) kept *= 1 - lost / atRisk;
      atRisk -= censored + lost;
      curve[place] = kept;
    }
    return curve;
  };
  return { times, keptAt };
}

/**
 * Returns the log-rank score of each dialogue of two arms, in their order: 1 if it was lost, else 0, minus the cumulative
 * hazard of both arms together up to its time (Nelson–Aalen, Σ_{tᵢ ≤ t} dᵢ / nᵢ). The sum over an arm is its number of
 * losses minus the number that it would have at the hazard of both, the O − E of the log-rank test (Peto and Peto 1972).
 *
 * Exchanging the arms of a dialogue changes no score: those at risk stay the same. So `pairedPermutation` of the scores'
 * paired differences is a log-rank test for arms that ran the same dialogues.
 */
export function logRankScores(
  left: readonly Lifetime[],
  right: readonly Lifetime[],
): { readonly left: number[]; readonly right: number[] } {
  const both = kaplanMeier([...left, ...right]);
  const scoreOf = ({ time, lost }: Lifetime): number =>
    both.reduce((score, step) => (step.time <= time ? score - step.lost / step.atRisk : score), lost ? 1 : 0);
  return { left: left.map(scoreOf), right: right.map(scoreOf) };
}
