import { combined, type Point, type Statistic, slopeOf } from './statistic.js';

/**
 * Returns the half-life of a share in the unit of `x` (turns or tokens): how long it takes the share to fall to half.
 * Fits the least-squares line through log y, that is y = y₀·2^(−x / half-life). The model has no floor at which the share
 * levels off, because a few turns cannot tell a floor from slow decay. `Infinity` if the line does not fall; NaN if a
 * share is NaN or not above zero, because an exponential has no such value: leave out places where the share is 0.
 *
 * In `bootstrap`, an interval that ends at `Infinity` means that the share may not fall at all.
 */
export function halfLifeOf(points: readonly Point[]): Statistic {
  const slope = slopeOf(points.map(({ x, y }) => ({ x, y: combined([y], ([share]) => logOf(share!)) })));
  return combined([slope], ([perUnit]) => (perUnit! >= 0 ? Number.POSITIVE_INFINITY : -Math.LN2 / perUnit!));
}

const logOf = (share: number): number => (share > 0 ? Math.log(share) : Number.NaN);
