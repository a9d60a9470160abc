import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorType } from './checkpoint.js';
import { dequantize } from './dequantize.js';
import { blockValues, integerBlocks, quantizeBlocks } from './integer-blocks.js';
import { BLOCK_LAYOUTS } from './tensor-types.js';

const folder = new URL('../../test/fixtures/quant/', import.meta.url);
const read = (type: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${type}.bin`, folder)));

const floats: TensorType[] = ['F32', 'F16', 'BF16'];
const types = (Object.keys(BLOCK_LAYOUTS) as TensorType[]).filter(
  (type) => type !== 'I64' && !floats.includes(type),
);
const withOffsets: TensorType[] = ['Q4_1', 'Q5_1', 'Q2_K', 'Q4_K', 'Q5_K'];
const withoutOffsets = types.filter((type) => !withOffsets.includes(type));
const ofFourBits: TensorType[] = ['Q4_0', 'Q4_1', 'Q2_K', 'Q3_K', 'Q4_K'];
const ofSixteen: TensorType[] = ['Q2_K', 'Q3_K', 'Q6_K'];

/** The bits of floats, so that comparisons distinguish −0 from 0 and accept equal NaNs. */
const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer);

function split(type: TensorType) {
  const blocks = integerBlocks(type, read(type));
  if (blocks === null) throw new Error(`${type} gave no blocks`);
  return blocks;
}

describe('integerBlocks', () => {
  it.each(withoutOffsets)('represents exactly the values that dequantize gives for %s', (type) => {
    expect(split(type).offsets).toBeNull();
    expect(bitsOf(blockValues(split(type)))).toEqual(bitsOf(dequantize(type, read(type))));
  });

  it.each(withOffsets)("represents %s to within 2^-22 of each block's largest value", (type) => {
    const blocks = split(type);
    const values = blockValues(blocks);
    const expected = dequantize(type, read(type));
    expect(blocks.offsets).toHaveLength(blocks.scales.length);
    for (let start = 0; start < values.length; start += blocks.blockSize) {
      const block = expected.subarray(start, start + blocks.blockSize);
      const bound = 2 ** -22 * block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      block.forEach((value, i) => {
        const found = values[start + i]!;
        if (!(Math.abs(found - value) <= bound)) {
          expect.fail(`${type} element ${start + i}: ${found} instead of ${value}`);
        }
      });
    }
  });

  it.each(types)('keeps the integers of %s within its bits', (type) => {
    const { bits, quants } = split(type);
    expect(bits).toBe(ofFourBits.includes(type) ? 4 : 8);
    const lowest = Math.min(...quants);
    const highest = Math.max(...quants);
    // 4 bits if and only if they are enough.
    expect(lowest >= -8 && highest <= 7).toBe(bits === 4);
  });

  it.each(types)('has a scale for each group of neighbours of %s', (type) => {
    const { blockSize, quants, scales } = split(type);
    expect(blockSize).toBe(ofSixteen.includes(type) ? 16 : 32);
    expect(quants).toHaveLength(
      (read(type).length / BLOCK_LAYOUTS[type].bytes) * BLOCK_LAYOUTS[type].elements,
    );
    expect(scales).toHaveLength(quants.length / blockSize);
  });

  it.each(types)('splits %s from the middle of unaligned bytes', (type) => {
    const { bytes } = BLOCK_LAYOUTS[type];
    const shifted = new Uint8Array(read(type).length + 1);
    shifted.set(read(type), 1);
    const part = integerBlocks(type, shifted.subarray(1 + 3 * bytes, 1 + 5 * bytes));
    expect(part).toEqual(integerBlocks(type, read(type).slice(3 * bytes, 5 * bytes)));
  });

  it('centres the integers of types with offsets on zero', () => {
    // d = 1, m = −2; the nibbles 0 and 15 are −2 and 13.
    const bytes = Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, ...new Uint8Array(16).fill(0xf0));
    const blocks = integerBlocks('Q4_1', bytes);
    expect(blocks?.offsets).toEqual(Float32Array.of(6));
    expect(blocks?.quants[0]).toBe(-8);
    expect(blocks?.quants[16]).toBe(7);
  });

  it.each(floats)('gives null for %s, which has no blocks', (type) => {
    expect(integerBlocks(type, new Uint8Array(8))).toBeNull();
  });

  it.each(types)('returns no blocks for no bytes of %s', (type) => {
    expect(integerBlocks(type, new Uint8Array(0))?.quants).toHaveLength(0);
    expect(dequantize(type, new Uint8Array(0))).toHaveLength(0);
  });

  it('refuses integers and bytes that are not whole blocks', () => {
    const code = (code: string) => expect.objectContaining({ code });
    expect(() => integerBlocks('I64', new Uint8Array(8))).toThrow(code('E_TENSOR_TYPE'));
    expect(() => integerBlocks('Q4_K', new Uint8Array(145))).toThrow(code('E_TENSOR_SHAPE'));
  });
});

describe('quantizeBlocks', () => {
  /** One to four blocks of weights of any magnitude whose scale is a normal f32. */
  const weights = fc
    .tuple(
      fc.integer({ min: 1, max: 4 }).chain((blocks) =>
        fc.array(fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1, -1)), {
          minLength: 32 * blocks,
          maxLength: 32 * blocks,
        }),
      ),
      fc.integer({ min: -90, max: 120 }),
    )
    .map(([values, exponent]) =>
      Float32Array.from(values, (value) => (Math.abs(value) < 2 ** -20 ? 0 : value) * 2 ** exponent),
    );

  it.each([8, 4] as const)('is off by at most half a scale at %i bits', (bits) => {
    fc.assert(
      fc.property(weights, (values) => {
        const blocks = quantizeBlocks(values, bits);
        const found = blockValues(blocks);
        const highest = bits === 8 ? 127 : 7;
        for (let i = 0; i < values.length; i++) {
          const scale = blocks.scales[i >> 5]!;
          // At 4 bits a value beyond the highest integer is clamped to it; its error is at most one scale.
          const clamped = values[i]! / scale > highest + 0.5;
          if (clamped && bits === 8) expect.fail(`value ${i}: ${values[i]} does not fit scale ${scale}`);
          const bound = Math.abs(scale) * (clamped ? 1 : 0.5);
          const rounding = 2 ** -24 * Math.abs(scale) * (highest + 1);
          if (!(Math.abs(found[i]! - values[i]!) <= bound + rounding)) {
            expect.fail(`value ${i}: ${found[i]} for ${values[i]} at scale ${scale}`);
          }
        }
      }),
    );
  });

  it.each([8, 4] as const)('stays in the range of %i bits, in blocks of 32', (bits) => {
    fc.assert(
      fc.property(weights, (values) => {
        const blocks = quantizeBlocks(values, bits);
        expect(blocks).toMatchObject({ blockSize: 32, bits, offsets: null });
        expect(blocks.scales).toHaveLength(values.length / 32);
        expect(Math.min(...blocks.quants)).toBeGreaterThanOrEqual(bits === 8 ? -127 : -8);
        expect(Math.max(...blocks.quants)).toBeLessThanOrEqual(bits === 8 ? 127 : 7);
      }),
    );
  });

  it('represents the largest magnitude exactly at 4 bits, for either sign', () => {
    fc.assert(
      fc.property(weights, (values) => {
        const found = blockValues(quantizeBlocks(values, 4));
        for (let start = 0; start < values.length; start += 32) {
          const block = values.subarray(start, start + 32);
          const largest = Math.max(...block.map(Math.abs));
          expect(Math.max(...found.subarray(start, start + 32).map(Math.abs))).toBe(largest);
        }
      }),
    );
  });

  it('rounds halves to even', () => {
    const values = new Float32Array(32);
    values.set([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);
    expect([...quantizeBlocks(values, 8).quants.subarray(0, 7)]).toEqual([127, 0, 2, 2, 0, -2, -2]);
  });

  it.each(['Q4_0', 'Q8_0'] as const)(
    'reproduces the values of a %s block that uses its full range',
    (type) => {
      const bytes = new Uint8Array(BLOCK_LAYOUTS[type].bytes);
      bytes.set([
        0x00,
        0x34,
        ...(type === 'Q4_0' ? [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe] : [127, 129]),
      ]);
      const values = dequantize(type, bytes);
      expect(blockValues(quantizeBlocks(values, type === 'Q4_0' ? 4 : 8))).toEqual(values);
    },
  );

  it.each([8, 4] as const)('gives a block of zeros the scale 0 at %i bits', (bits) => {
    const blocks = quantizeBlocks(new Float32Array(64).fill(-0, 32), bits);
    expect(blocks.scales).toEqual(new Float32Array(2));
    expect(blocks.quants).toEqual(new Int8Array(64));
    expect(blockValues(blocks)).toEqual(new Float32Array(64));
  });

  it.each([8, 4] as const)('keeps the smallest floats within the range of %i bits', (bits) => {
    const values = Float32Array.from({ length: 32 }, (_, i) => i * 2 ** -149 * 7);
    const blocks = quantizeBlocks(values, bits);
    for (const [i, value] of blockValues(blocks).entries()) {
      expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(2 ** -142);
    }
  });

  it.each([8, 4] as const)('does not hide an infinity or a NaN at %i bits', (bits) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const values = new Float32Array(64).fill(1);
      values[3] = bad;
      const found = blockValues(quantizeBlocks(values, bits));
      expect(found.subarray(0, 32).every(Number.isNaN)).toBe(true);
      expect(found.subarray(32).every(Number.isFinite)).toBe(true);
    }
  });

  it('refuses values that do not fill whole blocks', () => {
    expect(() => quantizeBlocks(new Float32Array(33), 8)).toThrow(
      expect.objectContaining({ code: 'E_TENSOR_SHAPE' }),
    );
  });
});
