/** The smallest and the largest value that a cluster can have. */
export type Range = readonly [lowest: number, highest: number];

/** The range of a score, and of a share. */
export const SCORES: Range = [0, 1];
/** The range of a difference of two scores. */
export const DIFFERENCES: Range = [-1, 1];
