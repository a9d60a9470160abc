import { describe, expect, it } from 'vitest';
import type { TensorType } from './checkpoint.js';
import { dequantize } from './dequantize.js';
import { type NonFinite, nonFiniteIn } from './non-finite.js';
import { BLOCK_LAYOUTS } from './tensor-types.js';

const TYPES = Object.keys(BLOCK_LAYOUTS).filter((type) => type !== 'I64') as TensorType[];

/** Decodes every element and counts. */
function decoded(type: TensorType, bytes: Uint8Array): NonFinite | null {
  const values = [...dequantize(type, bytes)];
  const count = values.filter((value) => !Number.isFinite(value)).length;
  return count === 0 ? null : { count, first: values.findIndex((value) => !Number.isFinite(value)) };
}

/** Bytes from a fixed sequence; f16 scales among them are often NaN or infinite. */
function bytesFrom(seed: number, length: number): Uint8Array {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

describe('nonFiniteIn', () => {
  it.each(TYPES)('finds in random blocks of %s what decoding them finds', (type) => {
    const { bytes } = BLOCK_LAYOUTS[type];
    let [sound, unsound] = [0, 0];
    for (let seed = 1; seed <= 600; seed++) {
      const stored = bytesFrom(seed, bytes * (1 + (seed % 3)));
      const expected = decoded(type, stored);
      expect(nonFiniteIn(type, stored), `seed ${seed}`).toEqual(expected);
      if (expected === null) sound++;
      else unsound++;
    }
    expect(Math.min(sound, unsound), 'both kinds occur').toBeGreaterThan(0);
  });

  it.each(TYPES)('finds one bad block of %s among good ones, wherever it is', (type) => {
    const { bytes, elements } = BLOCK_LAYOUTS[type];
    const bad = Array.from({ length: 1000 }, (_, seed) => bytesFrom(seed, bytes)).find(
      (block) => decoded(type, block) !== null,
    )!;
    const { count, first } = decoded(type, bad)!;
    const good = new Uint8Array(5001 * bytes);
    expect(nonFiniteIn(type, good)).toBeNull();
    for (const index of [0, 1, 1023, 2048, 4999, 5000]) {
      const stored = good.slice();
      stored.set(bad, index * bytes);
      expect(nonFiniteIn(type, stored)).toEqual({ count, first: index * elements + first });
    }
  });

  it('finds a NaN, both infinities, and not the largest finite values', () => {
    const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
    expect(nonFiniteIn('F32', floats(3.4e38, -3.4e38, 0, -0, 1e-45))).toBeNull();
    const { NaN: nan, POSITIVE_INFINITY: plus, NEGATIVE_INFINITY: minus } = Number;
    expect(nonFiniteIn('F32', floats(1, nan, plus, minus))).toEqual({ count: 3, first: 1 });
    const halves = (...words: number[]): Uint8Array => new Uint8Array(Uint16Array.from(words).buffer);
    expect(nonFiniteIn('F16', halves(0x7bff, 0xfbff, 0x8000))).toBeNull();
    expect(nonFiniteIn('F16', halves(0x7bff, 0x3c00, 0xfc00))).toEqual({ count: 1, first: 2 });
    expect(nonFiniteIn('BF16', halves(0x7f7f, 0xff7f, 0x7f80))).toEqual({ count: 1, first: 2 });
  });

  it('reads bytes at any offset', () => {
    const shifted = new Uint8Array(9);
    shifted.set(new Uint8Array(Float32Array.of(1, Number.NaN).buffer), 1);
    expect(nonFiniteIn('F32', shifted.subarray(1))).toEqual({ count: 1, first: 1 });
  });

  it('has no opinion on integers', () => {
    expect(nonFiniteIn('I64', new Uint8Array(16).fill(255))).toBeNull();
  });
});
