import { studentCritical } from '../dist/statistics/distributions.js';

/**
 * Fits a line by least squares.
 * @param points pairs [x, y], at least 4
 * @returns the mean of y, the slope, and its 95 % interval by Student's t, as for independent errors of one size
 */
export function lineOf(points) {
  const count = points.length;
  const meanOf = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / count;
  const [x, y] = [meanOf(0), meanOf(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
  const rest = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  const margin = studentCritical(0.05, count - 2) * Math.sqrt(rest / (count - 2) / spread);
  return { mean: y, slope, low: slope - margin, high: slope + margin };
}

/** Points below which an interval says too little. */
const FEWEST = 8;

/**
 * Says whether something grows, by the interval of its slope.
 * @param name what, for the text
 * @param points as for {@link lineOf}
 * @param bound `most`: the largest slope that is no fault; `per`: the unit of x, for the text
 * @returns `grows`: whether the whole interval is above the bound; and all as a `text`
 * @throws Error for fewer than 8 points
 */
export function growthOf(name, points, { most, per }) {
  if (points.length < FEWEST)
    throw new Error(`${name}: ${points.length} points tell nothing, it takes ${FEWEST}: run it for longer`);
  const { mean, slope, low, high } = lineOf(points);
  const grows = low > most;
  const words = grows
    ? 'GROWS by more than'
    : high > most
      ? 'not shown to grow by less than'
      : 'grows by less than';
  const interval = `${slope.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  return { grows, text: `${name}: mean ${mean.toFixed(1)}, per ${per} ${interval}; ${words} ${most}` };
}
