import { describe, expect, it } from 'vitest';
import { GROUPS, type Group } from '../../../src/studio/protocol.js';
import { parseColour, type Rgb } from './colour.js';
import { mapPixels } from './map.js';
import { STRIP_ROWS, stripPixels } from './strip.js';

const groups = Object.fromEntries(
  GROUPS.map((group, index) => [group, [index + 1, 0, 0]]),
) as unknown as Record<Group, Rgb>;

/** The groups in one column of a strip, from below, each with its rows of pixels; 0 for pixels that are not drawn. */
function columnOf(pixels: Uint8ClampedArray, width: number, x: number): number[] {
  return Array.from(
    { length: STRIP_ROWS },
    (_, level) => pixels[4 * ((STRIP_ROWS - 1 - level) * width + x)]!,
  );
}

describe('a strip', () => {
  it('stacks the shares of each token from below, the prompt first, and fills its height', () => {
    const shares = [
      [0.5, 0, 0.25, 0.25, 0, 0],
      [0, 0, 0, 0, 0, 1],
    ];
    const pixels = stripPixels(shares, { groups }, 8);
    const first = columnOf(pixels, 16, 0);
    expect(first.filter((group) => group === 1)).toHaveLength(STRIP_ROWS / 2);
    expect(first).toEqual([...first].sort((a, b) => a - b));
    expect(new Set(first)).toEqual(new Set([1, 3, 4]));
    expect(new Set(columnOf(pixels, 16, 8))).toEqual(new Set([6]));
    // A gap between bars.
    expect(new Set(columnOf(pixels, 16, 7))).toEqual(new Set([0]));
  });

  it('never overflows when rounding makes the shares sum to a little more than one', () => {
    const pixels = stripPixels([[0.30001, 0.30001, 0.1, 0.1, 0.1, 0.1]], { groups }, 2);
    expect(pixels).toHaveLength(4 * 2 * STRIP_ROWS);
    expect(columnOf(pixels, 2, 0).every((group) => group > 0)).toBe(true);
  });
});

describe('a map', () => {
  it('goes from the surface for no share to the full colour, and no further', () => {
    const pixels = mapPixels([0, 0.5, 0.9], 0.5, [0, 0, 200], [100, 100, 100]);
    expect([...pixels]).toEqual([100, 100, 100, 255, 0, 0, 200, 255, 0, 0, 200, 255]);
  });
});

describe('a colour of the style sheet', () => {
  it('is read as it was written, and as the build shortens it', () => {
    expect(parseColour(' #2f6fde')).toEqual([0x2f, 0x6f, 0xde]);
    expect(parseColour('#fff')).toEqual([255, 255, 255]);
  });
});
