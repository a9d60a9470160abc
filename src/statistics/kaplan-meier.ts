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
  const place = curveOf(clusters).times.findLastIndex((each) => each <= time);
  return ofCurve(clusters, (kept) => (place < 0 ? 1 : kept[place]!));
}

/** Returns the median lifetime: the first time at which S ≤ ½. `Infinity` if S stays above it: the median is not reached. */
export function medianLifetimeOf(clusters: LifetimeClusters): Statistic {
  const { times } = curveOf(clusters);
  return ofCurve(
    clusters,
    (curve) => times[curve.findIndex((kept) => kept <= 0.5 + ROUNDING)] ?? Number.POSITIVE_INFINITY,
  );
}

/**
 * Returns the restricted mean lifetime, the area below S from 0 to `until` (Royston and Parmar 2013): the mean time to the
 * loss, where a dialogue that is lost later counts `until`.
 */
export function restrictedMeanOf(clusters: LifetimeClusters, until: number): Statistic {
  const { times } = curveOf(clusters);
  return ofCurve(clusters, (curve) => {
    let area = 0;
    let from = 0;
    let height = 1;
    for (let place = 0; place < curve.length; place++) {
      const to = Math.min(times[place]!, until);
      area += height * (to - from);
      from = to;
      height = curve[place]!;
    }
    return area + height * (until - from);
  });
}

/** Returns a function of S, `[times]`, as a statistic. */
function ofCurve(clusters: LifetimeClusters, read: (curve: Float64Array) => number): Statistic {
  const { times, keptAt, keptIn } = curveOf(clusters);
  const each: Statistic['each'] = (samples) => {
    const curves = keptIn(samples);
    return Float64Array.from(samples, (_, at) =>
      read(curves.subarray(at * times.length, (at + 1) * times.length)),
    );
  };
  return Object.assign((drawn: Int32Array) => read(keptAt(drawn)), { each });
}

/** S of drawn clusters. */
interface SurvivalCurve {
  /** The times that occur in any cluster, ascending. */
  readonly times: readonly number[];
  /** Returns S at each of these times, `[times]`. */
  readonly keptAt: (drawn: Int32Array) => Float64Array;
  /** Returns the same in each sample, `[samples × times]`, and remembers those of the samples of the last call. */
  readonly keptIn: (samples: readonly Int32Array[]) => Float64Array;
}

/** The curves of clusters, of which several statistics are made. */
const curves = new WeakMap<LifetimeClusters, SurvivalCurve>();
/**
 * The last curves, by what they are made of. Arms are compared with one baseline: its lifetimes come again with every arm, and
 * those of the arm have come before.
 */
const lastCurves = new Map<string, SurvivalCurve>();
const LAST_CURVES = 16;

function curveOf(clusters: LifetimeClusters): SurvivalCurve {
  const known = curves.get(clusters);
  if (known !== undefined) return known;
  const ends = endsOf(clusters);
  const key = JSON.stringify(ends);
  const curve = lastCurves.get(key) ?? makeCurve(ends);
  lastCurves.delete(key);
  lastCurves.set(key, curve);
  if (lastCurves.size > LAST_CURVES) lastCurves.delete(lastCurves.keys().next().value!);
  curves.set(clusters, curve);
  return curve;
}

/** How the dialogues of clusters end. */
interface Ends {
  /** The times that occur in any cluster, ascending. */
  readonly times: readonly number[];
  /** Twice the place of a time, plus 1 for a loss. */
  readonly ends: readonly number[];
  /** How many dialogues of the cluster end so. */
  readonly counts: readonly number[];
  /** Where each cluster begins, `[clusters + 1]`. */
  readonly firsts: readonly number[];
}

function endsOf(clusters: LifetimeClusters): Ends {
  const times = [...new Set(clusters.flat().map(({ time }) => time))].sort((a, b) => a - b);
  const placeOf = new Map(times.map((time, place) => [time, place]));
  const [ends, counts, firsts]: [number[], number[], number[]] = [[], [], [0]];
  for (const cluster of clusters) {
    const own = new Map<number, number>();
    for (const { time, lost } of cluster) {
      const end = 2 * placeOf.get(time)! + (lost ? 1 : 0);
      own.set(end, (own.get(end) ?? 0) + 1);
    }
    ends.push(...own.keys());
    counts.push(...own.values());
    firsts.push(ends.length);
  }
  return { times, ends, counts, firsts };
}

function makeCurve({ times, ends, counts, firsts }: Ends): SurvivalCurve {
  const [endOf, countOf, first] = [ends, counts, firsts].map((numbers) => Int32Array.from(numbers)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const ended = new Int32Array(2 * times.length); // by time: censored, lost
  const fill = (drawn: Int32Array, curve: Float64Array, from: number): void => {
    ended.fill(0);
    for (let draw = 0; draw < drawn.length; draw++) {
      const cluster = drawn[draw]!;
      for (let at = first[cluster]!; at < first[cluster + 1]!; at++) ended[endOf[at]!]! += countOf[at]!;
    }
    let atRisk = ended.reduce((sum, count) => sum + count, 0);
    let kept = 1;
    for (let place = 0; place < times.length; place++) {
      const [censored, lost] = [ended[2 * place]!, ended[2 * place + 1]!];
      if (lost > 0) kept *= 1 - lost / atRisk;
      atRisk -= censored + lost;
      curve[from + place] = kept;
    }
  };
  let last: { readonly samples: readonly Int32Array[]; readonly kept: Float64Array } | null = null;
  const keptIn: SurvivalCurve['keptIn'] = (samples) => {
    if (last?.samples === samples) return last.kept;
    const kept = new Float64Array(samples.length * times.length);
    for (const [at, drawn] of samples.entries()) fill(drawn, kept, at * times.length);
    last = { samples, kept };
    return kept;
  };
  const keptAt = (drawn: Int32Array): Float64Array => {
    const curve = new Float64Array(times.length);
    fill(drawn, curve, 0);
    return curve;
  };
  return { times, keptAt, keptIn };
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
