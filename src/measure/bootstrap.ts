import { createRandom } from '../engine/index.js';
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
}

const COVERAGE = 0.95;

/**
 * A statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters: whole dialogues are drawn
 * with replacement, because the rounds of one dialogue are not independent. Statistics of two arms that are given the
 * same drawn indices are paired. Resamples in which the statistic is not a number (a mean of nothing) are left out.
 * @param clusters how many there are, from 1
 */
export function bootstrap(
  clusters: number,
  statistic: Statistic,
  { resamples = 10_000, seed = 1 }: BootstrapOptions = {},
): Estimate {
  const drawn = Int32Array.from({ length: clusters }, (_, index) => index);
  const value = statistic(drawn);
  const random = createRandom(seed);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    for (let index = 0; index < clusters; index++) drawn[index] = Math.floor(random() * clusters);
    const resampled = statistic(drawn);
    if (!Number.isNaN(resampled)) values.push(resampled);
  }
  const sorted = Float64Array.from(values).sort();
  return {
    value,
    low: quantile(sorted, (1 - COVERAGE) / 2),
    high: quantile(sorted, (1 + COVERAGE) / 2),
  };
}
