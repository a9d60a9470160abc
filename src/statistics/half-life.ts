import { type Point, type Statistic, slopeOf } from './statistic.js';

/**
 * The half-life of a share, in the unit of `x` (turns or tokens): after how much of it the share is half what it was.
 * From the least-squares line through log y, as if y = y₀·2^(−x / half-life), with no floor that the share would level
 * off at: few turns cannot tell one from slow decay. `Infinity` where the line does not fall; NaN where a statistic is
 * NaN or not above zero.
 *
 * In `bootstrap` an interval that ends at `Infinity` says that the share may not fall at all.
 */
export function halfLifeOf(points: readonly Point[]): Statistic {
  const slope = slopeOf(points.map(({ x, y }) => ({ x, y: (drawn) => Math.log(y(drawn)) })));
  return (drawn) => {
    const rate = -slope(drawn);
    return rate <= 0 ? Number.POSITIVE_INFINITY : Math.LN2 / rate;
  };
}
