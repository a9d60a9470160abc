import { describe, expect, it } from 'vitest';
import { byteLengthOf, dequantize, type TensorType } from '../../formats/index.js';
import { createRandom } from '../../random.js';
import { loadLibrary } from './library.js';
import { activationsOf, formed, OFFSET_BLOCK, SAME_VALUES, valuesOf } from './matrix-form.js';

const SHAPE = [6, 64] as const;
const COUNT = SHAPE[0] * SHAPE[1];

describe('a form with the same values as a stored type', () => {
  it.each(Object.keys(SAME_VALUES) as TensorType[])('has the values of %s', (type) => {
    const form = SAME_VALUES[type]!;
    const random = createRandom(5);
    const bytes = Uint8Array.from({ length: byteLengthOf(type, COUNT) }, () => Math.floor(256 * random()));
    const size = bytes.length / (COUNT / 32);
    // The scale, and the minimum of types that have one, are f16: neither infinite nor NaN.
    for (let at = 0; at < bytes.length; at += size) {
      bytes[at + 1]! &= 0x3f;
      if (form.offsets) bytes[at + 3]! &= 0x3f;
    }
    const { ggml } = loadLibrary('cpu');
    // Also from a place in a file that no number of 16 bits begins at.
    for (const shift of [0, 1]) {
      const file = new Uint8Array(bytes.length + shift);
      file.set(bytes, shift);
      const matrix = formed(ggml, { type, bytes: file.subarray(shift), shape: [...SHAPE] }, form);
      expect(matrix.bytes.length).toBe(byteLengthOf(form.type, COUNT));
      expect(matrix.offsets?.length ?? null).toBe(form.offsets ? COUNT / OFFSET_BLOCK : null);
      const [expected, actual] = [dequantize(type, bytes), valuesOf(matrix, form)];
      expect(new Set(expected).size).toBeGreaterThan(COUNT / 4);
      if (!form.offsets) expect(actual).toEqual(expected);
      for (const [i, value] of expected.entries()) {
        const scale = Math.max(...expected.subarray(i - (i % 32), i - (i % 32) + 32).map(Math.abs));
        expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(2 ** -22 * scale);
      }
    }
  });

  it('is another at a precision that leaves its offsets out', () => {
    const { ggml } = loadLibrary('cpu');
    const bytes = new Uint8Array(byteLengthOf('Q5_1', COUNT)).fill(0x21);
    const { offsets } = formed(
      ggml,
      { type: 'Q5_1', bytes, shape: [...SHAPE] },
      { type: 'Q8_0', offsets: false },
    );
    expect(offsets).toBeNull();
  });
});

it('says to what the kernels round what they multiply: not at all for f16 in an order of their own', () => {
  const rounded = (type: TensorType, repacked: boolean) => activationsOf({ type, offsets: false }, repacked);
  expect([rounded('F32', false), rounded('F16', false), rounded('F16', true)]).toEqual([null, 'f16', null]);
  expect([rounded('Q8_0', false), rounded('Q8_0', true), rounded('BF16', false)]).toEqual([
    '8 bits',
    '8 bits',
    'bf16',
  ]);
});
