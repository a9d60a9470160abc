import { createRandom } from '../random.js';
import { boundedInterval, type Interval, NO_INTERVAL, type RatioRange } from './bounded.js';
import { normalCdf, studentCritical } from './distributions.js';
import { quantileOf } from './quantile.js';
import type { Range } from './range.js';
import { eachOf, type Statistic } from './statistic.js';

/**
 * A statistic with its 95 % confidence interval. When the interval of a difference includes zero, no effect was seen,
 * and the end farther from zero bounds the size of an effect that may have been missed. The ends are NaN if an interval
 * cannot be told.
 */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Options of {@link bootstrap}. */
export interface BootstrapOptions {
  /** Default: 10,000. */
  readonly resamples?: number;
  /** Seed of the resampling; default: 1. */
  readonly seed?: number;
  /**
   * Uses the expanded percentile interval (Hesterberg 2015, section 5.3), which is wider by the ratio of Student's t to
   * the normal distribution. With fewer than about sixty clusters the plain interval is too short.
   */
  readonly expanded?: boolean;
  /** The range of the statistic of a single cluster, or of the parts of a ratio: clusters that are alike then get an interval too. */
  readonly range?: Range | RatioRange;
}

const COVERAGE = 0.95;
/** If the statistic is undefined in a larger part of the resamples, the others say too little about it. */
const MOST_UNDEFINED = 0.05;
/**
 * If at least three quarters of the clusters are equal and fewer than eight differ from them, the interval is the bounded
 * one: a resample has too few of those that differ. See the table in docs/guide/statistics.md.
 */
const TIED = 0.75;
const FEWEST_CHANGED = 8;

/**
 * Returns a statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters. It draws whole
 * clusters with replacement, because the dialogues of one prompt and the rounds of one dialogue are not independent. Two
 * arms whose statistics get the same drawn indices are paired.
 *
 * If nearly all clusters are equal and `range` is given, the interval is {@link boundedInterval} of the clusters' own
 * values instead. There is none (NaN) if the statistic is NaN in more than 5 % of the resamples (a mean of no scores), or
 * the same in all of them: then the dialogues do not show how far other dialogues may differ.
 * @param clusters the number of clusters, at least 1
 */
export function bootstrap(clusters: number, statistic: Statistic, options: BootstrapOptions = {}): Estimate {
  return bootstrapEach(clusters, [statistic], options)[0]!;
}

/** Resamples in a block: a statistic is faster for many at once than for one after the other. */
const BLOCK = 64;

/** Returns what {@link bootstrap} gives for each statistic. All share one set of draws, which is many times faster. */
export function bootstrapEach(
  clusters: number,
  statistics: readonly Statistic[],
  { resamples = 10_000, seed = 1, expanded = false, range }: BootstrapOptions = {},
): Estimate[] {
  const tied = statistics.map((statistic) => tiedEstimate(clusters, statistic, range));
  const values = statistics.map((statistic) => statistic(everyOf(clusters)));
  const resampled = statistics.map((_, at) => new Float64Array(tied[at] === null ? resamples : 0));
  const random = createRandom(seed);
  const kept = Array.from({ length: Math.min(resamples, BLOCK) }, () => new Int32Array(clusters));
  for (let from = 0; from < resamples && tied.includes(null); from += BLOCK) {
    // A new list each time: statistics know by the list what they have computed.
    const block = kept.slice(0, resamples - from);
    for (const drawn of block) redraw(drawn, random);
    for (const [at, statistic] of statistics.entries()) {
      if (tied[at] === null) resampled[at]!.set(eachOf(statistic, block), from);
    }
  }
  const levels = levelsOf(clusters, expanded);
  return values.map((value, at) => tied[at] ?? { value, ...percentiles(resampled[at]!, levels) });
}

/**
 * Returns a statistic over a number of clusters with its 95 % interval. `range` is that of {@link BootstrapOptions}.
 * @param values numbers that the statistic reads in a resample, default: as many as there are clusters
 */
export type Bootstrap = (
  clusters: number,
  statistic: Statistic,
  range?: Range | RatioRange,
  values?: number,
) => Estimate;

/** Numbers that an interval may read in all its resamples. */
const MOST_READ = 50_000_000;
/** Resamples of an interval that reads more than that. Its ends then vary by about 4 % of its half width. */
const FEWEST_RESAMPLES = 1_000;

/**
 * Returns a {@link bootstrap} that draws its resamples once for each number of clusters and keeps them, for callers that
 * need one statistic after another. It gives the same estimates as `bootstrap` and takes 4 · resamples · clusters bytes. A
 * statistic of more than 5,000 values gets fewer than 10,000 resamples, but at least 1,000.
 */
export function createBootstrap({
  resamples = 10_000,
  seed = 1,
  expanded = false,
}: Omit<BootstrapOptions, 'range'> = {}): Bootstrap {
  const kept = new Map<number, { readonly drawn: readonly Int32Array[]; readonly levels: Levels }>();
  const resamplesOf = (values: number): number =>
    Math.min(resamples, Math.max(FEWEST_RESAMPLES, Math.floor(MOST_READ / values)));
  return (clusters, statistic, range, values = clusters) => {
    const tied = tiedEstimate(clusters, statistic, range);
    if (tied !== null) return tied;
    const { drawn, levels } = kept.get(clusters) ?? {
      drawn: drawResamples(clusters, resamplesOf(clusters), seed),
      levels: levelsOf(clusters, expanded),
    };
    kept.set(clusters, { drawn, levels });
    const fewer = resamplesOf(values);
    const resampled = eachOf(statistic, fewer < drawn.length ? drawn.slice(0, fewer) : drawn);
    return { value: statistic(everyOf(clusters)), ...percentiles(resampled, levels) };
  };
}

/** Returns indices of clusters, `[resamples][clusters]`. */
function drawResamples(clusters: number, resamples: number, seed: number): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: resamples }, () => redraw(new Int32Array(clusters), random));
}

/** Fills a resample with indices of clusters, as many as there are clusters, each drawn from all of them, and returns it. */
export function redraw(drawn: Int32Array, random: () => number): Int32Array {
  for (let index = 0; index < drawn.length; index++) drawn[index] = Math.floor(random() * drawn.length);
  return drawn;
}

/** Returns an estimate with the expanded interval of values that were resampled elsewhere, over this number of clusters. */
export function expandedEstimate(value: number, resampled: Float64Array, clusters: number): Estimate {
  return { value, ...percentiles(resampled, expandedLevels(clusters)) };
}

/** Returns the index of every cluster. */
export const everyOf = (clusters: number): Int32Array => Int32Array.from({ length: clusters }, (_, at) => at);

/**
 * Returns the statistic with its bounded interval if nearly all clusters have the same value; null if not, or without
 * a range. Clusters without a value are left out.
 */
function tiedEstimate(clusters: number, statistic: Statistic, range?: Range | RatioRange): Estimate | null {
  if (range === undefined) return null;
  const values = valuesOf(clusters, statistic);
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const equal = Math.max(0, ...counts.values());
  const isTied = equal >= TIED * values.length && values.length - equal < FEWEST_CHANGED;
  if (!isTied || values.length < 2) return null;
  const value = statistic(everyOf(clusters));
  const interval = boundedOf(clusters, values, range);
  if (interval === null) return null;
  const { low, high } = interval;
  return { value, low: Math.min(value, low), high: Math.max(value, high) };
}

/** Returns the bounded interval; null if a cluster's value is outside of its range. */
function boundedOf(clusters: number, values: readonly number[], range: Range | RatioRange): Interval | null {
  if ('parts' in range) {
    const { parts, ends } = range;
    return ends(parts.map((part) => boundedInterval(valuesOf(clusters, part.statistic), part.range)));
  }
  const [lowest, highest] = range;
  return values.some((value) => value < lowest || value > highest) ? null : boundedInterval(values, range);
}

/** Returns the statistic of each cluster by itself, equal but for the order of adding; without those that have none. */
function valuesOf(clusters: number, statistic: Statistic): number[] {
  return Array.from(
    { length: clusters },
    (_, index) => Math.round(statistic(Int32Array.of(index)) * 1e9) / 1e9,
  ).filter((value) => !Number.isNaN(value));
}

type Levels = readonly [lower: number, upper: number];

function percentiles(resampled: Float64Array, [lower, upper]: Levels): Interval {
  const told = withoutNaN(resampled);
  if (told.length < (1 - MOST_UNDEFINED) * resampled.length) return NO_INTERVAL;
  const [low, high] = [quantileOf(told, lower), quantileOf(told, upper)];
  return hasWidth(low, high) ? { low, high } : NO_INTERVAL;
}

/** Returns a copy without the values that are NaN. */
function withoutNaN(values: Float64Array): Float64Array {
  const told = new Float64Array(values.length);
  let count = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isNaN(value)) told[count++] = value;
  }
  return told.subarray(0, count);
}

/** Whether two ends differ by more than rounding. An infinite end is a statement about the statistic by itself. */
function hasWidth(low: number, high: number): boolean {
  const isOpen = !Number.isFinite(low) || !Number.isFinite(high);
  return isOpen || high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high));
}

function levelsOf(clusters: number, expanded: boolean): Levels {
  return expanded ? expandedLevels(clusters) : [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2];
}

/** Returns Φ(∓t·√(n / (n − 1))), where t is the critical value for n − 1 degrees of freedom; NaN for one cluster. */
function expandedLevels(clusters: number): Levels {
  const critical = studentCritical(1 - COVERAGE, clusters - 1) * Math.sqrt(clusters / (clusters - 1));
  return [normalCdf(-critical), normalCdf(critical)];
}
