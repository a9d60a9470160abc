import { GROUPS } from '../../../src/studio/protocol.js';
import type { Palette } from './palette.js';

/** Rows of pixels in a strip: shares are shown to 1/64. */
export const STRIP_ROWS = 64;

/**
 * Returns the pixels of a strip, `[STRIP_ROWS, tokens × cell]`: one bar for each token, with its shares stacked from below in
 * the order of the groups, and a gap of one pixel between bars that are wide enough.
 * @param shares `[tokens][groups]`, each row summing to 1
 * @param cell pixels of a token
 */
export function stripPixels(
  shares: readonly (readonly number[])[],
  { groups }: Pick<Palette, 'groups'>,
  cell: number,
): Uint8ClampedArray<ArrayBuffer> {
  const width = shares.length * cell;
  const pixels = new Uint8ClampedArray(4 * width * STRIP_ROWS);
  const gap = cell > 2 ? 1 : 0;
  for (const [token, row] of shares.entries()) {
    let sum = 0;
    let from = 0;
    for (const [index, group] of GROUPS.entries()) {
      sum += row[index]!;
      const to = Math.min(STRIP_ROWS, Math.round(sum * STRIP_ROWS));
      const [red, green, blue] = groups[group];
      for (let level = from; level < to; level++) {
        // Row 0 is the top.
        let at = 4 * ((STRIP_ROWS - 1 - level) * width + token * cell);
        for (let x = 0; x < cell - gap; x++, at += 4) {
          pixels[at] = red;
          pixels[at + 1] = green;
          pixels[at + 2] = blue;
          pixels[at + 3] = 255;
        }
      }
      from = to;
    }
  }
  return pixels;
}
