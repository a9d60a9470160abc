import { createRandom } from '../engine/index.js';
import { normalCdf, studentCritical } from './distributions.js';
import { quantile } from './quantile.js';
import type { Statistic } from './statistic.js';

/**
 * A statistic with its interval. Of a difference whose interval holds zero, the end that is farther from zero is the
 * size that an effect has at most: no effect was seen, and none larger than this is likely to have been missed.
 */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** 10,000 if not said. */
  readonly resamples?: number;
  readonly seed?: number;
  /**
   * Widens the interval as Student's t is wider than the normal distribution (the expanded percentile interval of
   * Hesterberg 2015, section 5.3): for fewer than about sixty clusters, whose plain one is too short.
   */
  readonly expanded?: boolean;
}

const COVERAGE = 0.95;

/**
 * A statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters: whole dialogues are drawn
 * with replacement, because the rounds of one dialogue are not independent. Statistics of two arms that are given the
 * same drawn indices are paired. Resamples in which the statistic is not a number (a mean of nothing) are left out.
 * @param clusters how many there are, from 1
 */
export function bootstrap(clusters: number, statistic: Statistic, options: BootstrapOptions = {}): Estimate {
  return bootstrapEach(clusters, [statistic], options)[0]!;
}

/** What {@link bootstrap} gives for each of the statistics, of one row of draws: many times faster for many of them. */
export function bootstrapEach(
  clusters: number,
  statistics: readonly Statistic[],
  { resamples = 10_000, seed = 1, expanded = false }: BootstrapOptions = {},
): Estimate[] {
  const drawn = Int32Array.from({ length: clusters }, (_, index) => index);
  const values = statistics.map((statistic) => statistic(drawn));
  const resampled = statistics.map(() => new Float64Array(resamples));
  const random = createRandom(seed);
  for (let resample = 0; resample < resamples; resample++) {
    for (let index = 0; index < clusters; index++) drawn[index] = Math.floor(random() * clusters);
    for (const [at, statistic] of statistics.entries()) resampled[at]![resample] = statistic(drawn);
  }
  const levels = levelsOf(clusters, expanded);
  return values.map((value, at) => estimateOf(value, resampled[at]!, levels));
}

/** Gives a statistic of so many clusters with its 95 % interval. */
export type Bootstrap = (clusters: number, statistic: Statistic) => Estimate;

/**
 * {@link bootstrap} for statistics that come one by one: the resamples of so many clusters are drawn once and kept, 4
 * bytes for each of resamples × clusters. Every estimate is the one that `bootstrap` gives.
 */
export function createBootstrap({
  resamples = 10_000,
  seed = 1,
  expanded = false,
}: BootstrapOptions = {}): Bootstrap {
  const kept = new Map<number, { readonly drawn: readonly Int32Array[]; readonly levels: Levels }>();
  return (clusters, statistic) => {
    const { drawn, levels } = kept.get(clusters) ?? {
      drawn: drawResamples(clusters, resamples, seed),
      levels: levelsOf(clusters, expanded),
    };
    kept.set(clusters, { drawn, levels });
    const value = statistic(Int32Array.from({ length: clusters }, (_, index) => index));
    return estimateOf(value, Float64Array.from(drawn, statistic), levels);
  };
}

/** `[resamples][clusters]` */
function drawResamples(clusters: number, resamples: number, seed: number): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: resamples }, () => {
    const drawn = new Int32Array(clusters);
    for (let index = 0; index < clusters; index++) drawn[index] = Math.floor(random() * clusters);
    return drawn;
  });
}

type Levels = readonly [lower: number, upper: number];

function estimateOf(value: number, resampled: Float64Array, [lower, upper]: Levels): Estimate {
  const sorted = resampled.filter((drawnValue) => !Number.isNaN(drawnValue)).sort();
  return { value, low: quantile(sorted, lower), high: quantile(sorted, upper) };
}

function levelsOf(clusters: number, expanded: boolean): Levels {
  return expanded ? expandedLevels(clusters) : [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2];
}

/** Φ(∓t·√(n / (n − 1))), t the critical value of n − 1 degrees of freedom; NaN of one cluster. */
function expandedLevels(clusters: number): Levels {
  const critical = studentCritical(1 - COVERAGE, clusters - 1) * Math.sqrt(clusters / (clusters - 1));
  return [normalCdf(-critical), normalCdf(critical)];
}
