import { expect, it } from 'vitest';
import { IN_TARGET } from '../../kernels/keys.js';
import { cutKeys } from './pieces.js';

const ranges = (...pairs: readonly [number, number][]) => pairs.map(([start, end]) => ({ start, end }));

it.each([
  { spans: [], target: [], tokens: 5 },
  { spans: ranges([0, 3], [3, 4], [6, 9]), target: ranges([2, 7]), tokens: 12 },
  { spans: ranges([1, 2], [4, 12]), target: ranges([0, 4], [4, 6], [9, 30]), tokens: 11 },
  { spans: ranges([0, 4], [20, 30]), target: ranges([15, 20]), tokens: 8 },
  { spans: [], target: ranges([0, 8]), tokens: 8 },
])('tells for every key its piece, its side and where the side ends: %o', ({ spans, target, tokens }) => {
  const { cuts, spans: spanOf } = cutKeys(spans, target, tokens);
  const pieces = spanOf.length;
  expect(cuts).toHaveLength(2 * pieces + 1 + tokens);
  const has = (list: typeof target, key: number) =>
    list.findIndex(({ start, end }) => start <= key && key < end);
  const sides = Array.from({ length: tokens }, (_, key) => has(target, key) >= 0);
  for (let key = 0; key < tokens; key++) {
    const tag = cuts[2 * pieces + 1 + key]!;
    const piece = tag % IN_TARGET;
    const [start, next] = [cuts[piece]!, cuts[piece + 1]!];
    expect(tag >= IN_TARGET).toBe(sides[key]);
    expect(start >= IN_TARGET).toBe(sides[key]);
    expect(start % IN_TARGET).toBeLessThanOrEqual(key);
    expect(next % IN_TARGET).toBeGreaterThan(key);
    expect(spanOf[piece]).toBe(has(spans, key));
    const turn = sides.findIndex((side, other) => other > key && side !== sides[key]);
    expect(cuts[pieces + 1 + piece]).toBe(turn < 0 ? tokens : turn);
  }
});
