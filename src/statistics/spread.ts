import { quantile } from './quantile.js';

/** How shares are spread over rows × heads: on those near 0 and near 1 a policy on shares has little to move. */
export interface ShareSpread {
  readonly mean: number;
  readonly median: number;
  readonly ninetieth: number;
  /** Fractions of rows × heads with a share above 0.5, and below 0.001. */
  readonly above: number;
  readonly below: number;
}

/** The spread of shares; NaN throughout of none. */
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

export interface SpreadCollector {
  add(share: number): void;
  /** Of all that was added so far. */
  spread(): ShareSpread;
}

/** Collects shares that come one by one, 4 bytes each (as f32: no share moves by more than 6e-8 of itself). */
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
