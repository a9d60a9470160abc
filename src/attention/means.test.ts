import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headMask } from './heads.js';
import { headsInMeans, meanOverHeads, seesBothSides, seesTarget } from './means.js';

const gridOf = (...windows: (number | null)[]) => ({ layers: windows.length, heads: 2, windows });

describe('the heads in means', () => {
  it('are those of the layers without a window, else of those with the widest', () => {
    expect(headsInMeans(gridOf(8, null, 16, null))).toEqual({ pairs: [2, 3, 6, 7], window: null });
    expect(headsInMeans(gridOf(8, 16, 8))).toEqual({ pairs: [2, 3], window: 16 });
    expect(headsInMeans(gridOf(8, 8))).toEqual({ pairs: [0, 1, 2, 3], window: 8 });
  });

  it('are chosen among the heads that a policy acts on', () => {
    const grid = gridOf(8, null, 16);
    expect(headsInMeans(grid, headMask({ layers: [0, 2] }, grid))).toEqual({ pairs: [4, 5], window: 16 });
    expect(headsInMeans(grid, headMask({ heads: [1] }, grid))).toEqual({ pairs: [3], window: null });
  });

  it('are in a mean with equal weights', () => {
    const heads = headsInMeans(gridOf(8, null));
    expect(meanOverHeads(heads, [9, 9, 0.25, 0.75])).toBe(0.5);
  });
});

describe('what a row sees', () => {
  const target = [
    { start: 2, end: 4 },
    { start: 7, end: 8 },
  ];

  it('is a part of the target as soon as one of its tokens is in the window', () => {
    const seeing = (window: number | null) =>
      Array.from({ length: 12 }, (_, row) => row).filter((row) => seesTarget(window, row, target));
    expect(seeing(null)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    // A window of 3 holds the row and the two tokens before it: token 3 is in it up to row 5, token 7 up to row 9.
    expect(seeing(3)).toEqual([2, 3, 4, 5, 7, 8, 9]);
    expect(seeing(1)).toEqual([2, 3, 7]);
  });

  it('has two sides where a token of the target and one outside it are in the window', () => {
    const changeable = (window: number | null) =>
      Array.from({ length: 12 }, (_, row) => row).filter((row) => seesBothSides(window, row, target));
    expect(changeable(null)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(changeable(3)).toEqual([2, 3, 4, 5, 7, 8, 9]);
    expect(changeable(2)).toEqual([2, 4, 7, 8]);
    expect(changeable(1)).toEqual([]);
    const prefix = [{ start: 0, end: 4 }];
    expect([3, 4].map((row) => seesBothSides(null, row, prefix))).toEqual([false, true]);
  });

  it('is the same as counting its tokens one by one', () => {
    const window = fc.option(fc.integer({ min: 1, max: 12 }), { nil: null });
    fc.assert(
      fc.property(window, fc.nat(30), fc.uniqueArray(fc.nat(40)), (width, row, tokens) => {
        const ranges = [...tokens].sort((a, b) => a - b).map((start) => ({ start, end: start + 1 }));
        const visible = Array.from({ length: row + 1 }, (_, token) => token).slice(-(width ?? row + 1));
        const inside = visible.filter((token) => tokens.includes(token)).length;
        expect(seesTarget(width, row, ranges)).toBe(inside > 0);
        expect(seesBothSides(width, row, ranges)).toBe(inside > 0 && inside < visible.length);
      }),
    );
  });
});
