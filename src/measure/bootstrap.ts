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

/** Gives a statistic of so many clusters with its 95 % interval. */
export type Bootstrap = (clusters: number, statistic: Statistic) => Estimate;

/**
 * A statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters: whole dialogues are drawn
 * with replacement, because the rounds of one dialogue are not independent. Statistics of two arms that are given the
 * same drawn indices are paired. Resamples in which the statistic is not a number (a mean of nothing) are left out.
 * @param clusters how many there are, from 1
 */
export function bootstrap(clusters: number, statistic: Statistic, options: BootstrapOptions = {}): Estimate {
  return createBootstrap(options)(clusters, statistic);
}

/**
 * {@link bootstrap} for many statistics: it draws the resamples of so many clusters once and keeps them, 4 bytes for
 * each of resamples × clusters. Every estimate is the one that `bootstrap` gives.
 */
export function createBootstrap({ resamples = 10_000, seed = 1 }: BootstrapOptions = {}): Bootstrap {
  const kept = new Map<number, readonly Int32Array[]>(); // of clusters: [resamples][clusters]
  return (clusters, statistic) => {
    const drawn = kept.get(clusters) ?? drawResamples(clusters, resamples, seed);
    kept.set(clusters, drawn);
    const values = drawn.map(statistic).filter((value) => !Number.isNaN(value));
    const sorted = Float64Array.from(values).sort();
    return {
      value: statistic(Int32Array.from({ length: clusters }, (_, index) => index)),
      low: quantile(sorted, (1 - COVERAGE) / 2),
      high: quantile(sorted, (1 + COVERAGE) / 2),
    };
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
