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
