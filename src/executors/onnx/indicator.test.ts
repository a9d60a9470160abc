import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenRange } from '../../attention/index.js';
import { cutSpans } from '../contract/index.js';
import { Indicator } from './indicator.js';

/** Disjoint ascending ranges, some of them touching. */
const ranges: fc.Arbitrary<TokenRange[]> = fc
  .array(fc.tuple(fc.nat(8), fc.integer({ min: 1, max: 12 })), { maxLength: 8 })
  .map((steps) => {
    let position = 0;
    return steps.map(([gap, size]) => {
      const start = position + gap;
      position = start + size;
      return { start, end: position };
    });
  });

const within = (pieces: readonly TokenRange[], token: number): boolean =>
  pieces.some(({ start, end }) => token >= start && token < end);
const LAST = 8 * 20 + 1;

describe('cutSpans', () => {
  it('cuts each span into pieces that add up to it, inside the target or outside', () => {
    fc.assert(
      fc.property(ranges, ranges, (spans, target) => {
        const pieces = cutSpans(spans, target);
        for (let token = 0; token < LAST; token++) {
          const span = spans.findIndex((range) => within([range], token));
          const found = pieces.filter((piece) => within([piece], token));
          const expected = span < 0 ? [] : [{ span, inTarget: within(target, token) }];
          expect(found.map(({ span, inTarget }) => ({ span, inTarget }))).toEqual(expected);
        }
      }),
    );
  });

  it('lists pieces in ascending order, none empty', () => {
    fc.assert(
      fc.property(ranges, ranges, (spans, target) => {
        const pieces = cutSpans(spans, target);
        for (const [i, { start, end }] of pieces.entries()) {
          expect(start).toBeLessThan(end);
          if (i > 0) expect(start).toBeGreaterThanOrEqual(pieces[i - 1]!.end);
        }
      }),
    );
  });

  it('takes a span that holds the target, one inside it, and one beside it', () => {
    const spans = [
      { start: 0, end: 20 },
      { start: 20, end: 24 },
      { start: 24, end: 30 },
    ];
    const target = [
      { start: 5, end: 8 },
      { start: 12, end: 24 },
    ];
    expect(cutSpans(spans, target)).toEqual([
      { span: 0, start: 0, end: 5, inTarget: false },
      { span: 0, start: 5, end: 8, inTarget: true },
      { span: 0, start: 8, end: 12, inTarget: false },
      { span: 0, start: 12, end: 20, inTarget: true },
      { span: 1, start: 20, end: 24, inTarget: true },
      { span: 2, start: 24, end: 30, inTarget: false },
    ]);
    expect(cutSpans([], target)).toEqual([]);
  });
});

describe('Indicator', () => {
  const matrix = (given: readonly TokenRange[], keys: number): Float32Array => {
    const columns = Math.max(1, given.length);
    const data = new Float32Array(keys * columns);
    for (const [column, { start, end }] of given.entries()) {
      for (let key = start; key < Math.min(end, keys); key++) data[key * columns + column] = 1;
    }
    return data;
  };

  it('marks the piece of each key, and has one column of zeros where there are no pieces', () => {
    const indicator = new Indicator();
    expect(indicator.update([], 3)).toEqual({ data: new Float32Array(3), columns: 1 });
    const two = [
      { span: 0, start: 1, end: 2 },
      { span: 4, start: 2, end: 9 },
    ];
    expect(indicator.update(two, 4)).toEqual({
      data: Float32Array.of(0, 0, 1, 0, 0, 1, 0, 1),
      columns: 2,
    });
  });

  it('equals a new one after any calls: keys grow and shrink, pieces appear, disappear and move', () => {
    const call = fc.tuple(ranges, fc.oneof(fc.nat(90), fc.integer({ min: 200, max: 700 })));
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 12 }), (calls) => {
        const indicator = new Indicator();
        for (const [given, keys] of calls) {
          const { data, columns } = indicator.update(given, keys);
          expect(columns).toBe(Math.max(1, given.length));
          expect(data).toEqual(matrix(given, keys));
        }
      }),
    );
  });

  it('follows one growing dialogue whose last piece grows with it', () => {
    const indicator = new Indicator();
    for (let keys = 1; keys < 600; keys += 7) {
      const given = [
        { span: 0, start: 0, end: 1 },
        { span: 1, start: 4, end: 40 },
        { span: 2, start: 40, end: keys + 1000 * (keys % 2) },
      ].filter(({ start, end }) => start < end);
      expect(indicator.update(given, keys).data).toEqual(matrix(given, keys));
    }
  });
});
