import { createRandom } from '../engine/index.js';
import { normalCdf, studentCritical } from './distributions.js';
import { quantile } from './quantile.js';
import type { Statistic } from './statistic.js';

/**
 * A statistic with its 95 % confidence interval. When the interval of a difference includes zero, no effect was seen,
 * and the end farther from zero bounds the size of an effect that may have been missed.
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
}

const COVERAGE = 0.95;

/**
 * Returns a statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters. It draws whole
 * dialogues with replacement, because the rounds of one dialogue are not independent. Two arms whose statistics get the
 * same drawn indices are paired. Resamples in which the statistic is NaN (a mean of no scores) are left out.
 * @param clusters the number of clusters, at least 1
 */
export function bootstrap(clusters: number, statistic: Statistic, options: BootstrapOptions = {}): Estimate {
  return bootstrapEach(clusters, [statistic], options)[0]!;
}

/** Returns what {@link bootstrap} gives for each statistic. All share one set of draws, which is many times faster. */
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

/** Returns a statistic over a number of clusters with its 95 % interval. */
export type Bootstrap = (clusters: number, statistic: Statistic) => Estimate;

/**
 * Returns a {@link bootstrap} that draws its resamples once for each number of clusters and keeps them, for callers that
 * need one statistic after another. It gives the same estimates as `bootstrap` and takes 4 · resamples · clusters bytes.
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

/** Returns indices of clusters, `[resamples][clusters]`. */
function drawResamples(clusters: number, resamples: number, seed: number): Int32Array[] {
  const random = createRandom(seed);
  return Array.from({ length: resamples }, () => {
    const drawn = new Int32Array(clusters);
    for (let index = 0; index < clusters; index++) drawn[index] = Math.floor(random() * clusters);
    return drawn;
  });
}

/** Returns an estimate with the expanded interval of values that were resampled elsewhere, over this number of clusters. */
export function expandedEstimate(value: number, resampled: Float64Array, clusters: number): Estimate {
  return estimateOf(value, resampled, expandedLevels(clusters));
}

type Levels = readonly [lower: number, upper: number];

function estimateOf(value: number, resampled: Float64Array, [lower, upper]: Levels): Estimate {
  const sorted = resampled.filter((drawnValue) => !Number.isNaN(drawnValue)).sort();
  return { value, low: quantile(sorted, lower), high: quantile(sorted, upper) };
}

function levelsOf(clusters: number, expanded: boolean): Levels {
  return expanded ? expandedLevels(clusters) : [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2];
}

/** Returns Φ(∓t·√(n / (n − 1))), where t is the critical value for n − 1 degrees of freedom; NaN for one cluster. */
function expandedLevels(clusters: number): Levels {
  const critical = studentCritical(1 - COVERAGE, clusters - 1) * Math.sqrt(clusters / (clusters - 1));
  return [normalCdf(-critical), normalCdf(critical)];
}
