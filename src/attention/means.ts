import type { TokenRange } from '../text/index.js';
import type { HeadGrid } from './heads.js';

/** A model's grid of heads, and how far its layers see. */
export interface SightedGrid extends HeadGrid {
  /** Each layer's sliding window, `[layers]`: a row sees its own token and the `window − 1` before it. Null: all of them. */
  readonly windows: readonly (number | null)[];
}

/** The heads that a mean is taken over. All have the same window. */
export interface MeanHeads {
  /** Indices into `[layers × heads]`. */
  readonly pairs: readonly number[];
  readonly window: number | null;
}

/**
 * Returns the heads that every mean of shares is taken over: those that see furthest.
 *
 *   mean π = 1/(|R|·|H|) · Σ_{t ∈ R} Σ_{(l,h) ∈ H} π(l, h, t)
 *   H = the heads of the layers with the largest window W: layers without a sliding window, if there are any
 *   R = the rows, of those averaged, that see the target: a target token i exists with t − W < i ≤ t
 *
 * H does not depend on the row. So shares of spans that cover the dialogue have means that sum to 1, a mean does not jump
 * when the target leaves a narrow window, and the mean over rows and heads does not depend on which is taken first.
 * If R is empty, no head sees the target and there is no mean (null).
 * @param mask heads to choose from, `[layers × heads]`, 1 for those; default: all
 */
export function headsInMeans({ layers, heads, windows }: SightedGrid, mask?: Uint8Array): MeanHeads {
  const all = Array.from({ length: layers * heads }, (_, pair) => pair);
  const chosen = all.filter((pair) => mask === undefined || mask[pair] === 1);
  const windowOf = (pair: number): number | null => windows[Math.floor(pair / heads)] ?? null;
  const window = widest(chosen.map(windowOf));
  return { pairs: chosen.filter((pair) => windowOf(pair) === window), window };
}

/** Returns the layers of {@link headsInMeans}, ascending. */
export function layersInMeans(grid: SightedGrid): readonly number[] {
  return [...new Set(headsInMeans(grid).pairs.map((pair) => Math.floor(pair / grid.heads)))];
}

/** Returns the mean of one row's shares over these heads. @param shares `[layers × heads]` */
export function meanOverHeads({ pairs }: MeanHeads, shares: ArrayLike<number>): number {
  let sum = 0;
  for (const pair of pairs) sum += shares[pair]!;
  return sum / pairs.length;
}

/**
 * Returns whether a row sees a token of the target.
 * @param window the layer's window
 * @param row position of the row's token
 * @param target disjoint ranges
 */
export function seesTarget(window: number | null, row: number, target: readonly TokenRange[]): boolean {
  return targetSeen(window, row, target) > 0;
}

/**
 * Returns whether a policy can change a row's share: the row sees a token of the target and one outside it. A row before
 * or inside the target sees only one side, so its share is 0 or 1 under every policy.
 */
export function seesBothSides(window: number | null, row: number, target: readonly TokenRange[]): boolean {
  const seen = targetSeen(window, row, target);
  return seen > 0 && seen < row + 1 - firstSeen(window, row);
}

/** Returns the number of target tokens that a row sees. */
function targetSeen(window: number | null, row: number, target: readonly TokenRange[]): number {
  const first = firstSeen(window, row);
  let seen = 0;
  for (const { start, end } of target) seen += Math.max(0, Math.min(end, row + 1) - Math.max(start, first));
  return seen;
}

const firstSeen = (window: number | null, row: number): number =>
  window === null ? 0 : Math.max(0, row - window + 1);

const widest = (windows: readonly (number | null)[]): number | null =>
  windows.reduce((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
