import { quantile } from './quantile.js';

/** The distribution of shares over rows × heads. A share policy changes little where shares are near 0 or 1. */
export interface ShareSpread {
  readonly mean: number;
  readonly median: number;
  /** The 90th percentile. */
  readonly ninetieth: number;
  /** Fraction of rows × heads with a share above 0.5. */
  readonly above: number;
  /** Fraction of rows × heads with a share below 0.001. */
  readonly below: number;
}

/** Returns the distribution of shares; every field is NaN if there are none. */
export function spreadOf(shares: ArrayLike<number>): ShareSpread {
  const sorted = Float64Array.from(shares).sort();
  const fraction = (matches: (share: number) => boolean): number =>
    sorted.filter(matches).length / sorted.length;
  return {
    mean: sorted.reduce((sum, share) => sum + share, 0) / sorted.length,
    median: quantile(sorted, 0.5),
    ninetieth: quantile(sorted, 0.9),
    above: fraction((share) => share > 0.5),
    below: fraction((share) => share < 0.001),
  };
}

/** A growing set of shares. */
export interface SpreadCollector {
  add(share: number): void;
  /** Returns the distribution of the shares added so far. */
  spread(): ShareSpread;
}

/** Returns an empty {@link SpreadCollector}. It takes 4 bytes a share (f32: a relative error of at most 6e-8). */
export function collectSpread(): SpreadCollector {
  let shares = new Float32Array(1024);
  let length = 0;
  return {
    add: (share) => {
      if (length === shares.length) {
        const longer = new Float32Array(2 * length);
        longer.set(shares);
        shares = longer;
      }
      shares[length++] = share;
    },
    spread: () => spreadOf(shares.subarray(0, length)),
  };
}
