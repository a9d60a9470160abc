import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TensorType } from './checkpoint.js';
import { dequantize, dequantizeInto } from './dequantize.js';
import { BLOCK_LAYOUTS } from './tensor-types.js';

const folder = new URL('../../test/fixtures/quant/', import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const index: Record<string, { blocks: number; block_elements: number; block_bytes: number }> = JSON.parse(
  readFileSync(new URL('index.json', folder), 'utf8'),
);
const types = Object.keys(index) as TensorType[];

/** The bits of floats, so that comparisons distinguish −0 from 0 and accept equal NaNs. */
const bits = (floats: Float32Array): Uint32Array => new Uint32Array(floats.slice().buffer);

describe('dequantize', () => {
  it('has reference values for every quantised type', () => {
    const quantised = Object.keys(BLOCK_LAYOUTS).filter((type) => !['F32', 'I64'].includes(type));
    expect(types.sort()).toEqual(quantised.sort());
  });

  it.each(types)('gives the reference bits for %s', (type) => {
    const { blocks, block_elements, block_bytes } = index[type]!;
    expect(BLOCK_LAYOUTS[type]).toEqual({ elements: block_elements, bytes: block_bytes });
    const expected = new Float32Array(read(`${type}.f32`).slice().buffer);
    const values = dequantize(type, read(`${type}.bin`), blocks * block_elements);
    expect(bits(values)).toEqual(bits(expected));
  });

  it.each(types)(
    'decodes a %s row from the middle of unaligned bytes into the middle of an array',
    (type) => {
      const { elements, bytes } = BLOCK_LAYOUTS[type];
      const all = read(`${type}.bin`);
      const shifted = new Uint8Array(all.length + 1);
      shifted.set(all, 1);
      const out = new Float32Array(4 * elements);
      dequantizeInto(
        type,
        shifted.subarray(1 + 3 * bytes, 1 + 5 * bytes),
        out.subarray(elements, 3 * elements),
      );
      const expected = dequantize(type, all).subarray(3 * elements, 5 * elements);
      expect(bits(out.subarray(elements, 3 * elements))).toEqual(bits(expected));
      expect(out[0]).toBe(0);
      expect(out[3 * elements]).toBe(0);
    },
  );

  it('converts every half exactly', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
    const values = dequantize('F16', new Uint8Array(halves.buffer));
    for (let half = 0; half < 65536; half++) {
      const sign = half & 0x8000 ? -1 : 1;
      const exponent = (half >> 10) & 31;
      const mantissa = half & 1023;
      let value = sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
      if (exponent === 31) value = mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
      if (!Object.is(values[half], value)) expect.fail(`half ${half}: ${values[half]} instead of ${value}`);
    }
  });

  it('copies F32 unchanged', () => {
    const values = Float32Array.of(1.5, -0, Number.NaN, 3e38);
    expect(bits(dequantize('F32', new Uint8Array(values.buffer)))).toEqual(bits(values));
  });

  it('refuses sizes that do not match', () => {
    const code = (code: string) => expect.objectContaining({ code });
    expect(() => dequantize('Q4_0', new Uint8Array(17))).toThrow(code('E_TENSOR_SHAPE'));
    expect(() => dequantize('F16', new Uint8Array(4), 3)).toThrow(code('E_TENSOR_SHAPE'));
    expect(() => dequantizeInto('Q4_0', new Uint8Array(18), new Float32Array(31))).toThrow(
      code('E_TENSOR_SHAPE'),
    );
    expect(() => dequantize('I64', new Uint8Array(8))).toThrow(code('E_TENSOR_TYPE'));
  });
});
