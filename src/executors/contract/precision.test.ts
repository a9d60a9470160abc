import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredWeight } from '../../architectures/index.js';
import {
  BLOCK_LAYOUTS,
  blockValues,
  dequantize,
  type IntegerBlocks,
  integerBlocks,
  type TensorType,
} from '../../formats/index.js';
import {
  encodeWeight,
  formName,
  type Matrix,
  PRECISIONS,
  type Precision,
  parsePrecision,
} from './precision.js';

const folder = new URL('../../../test/fixtures/quant/', import.meta.url);
const FLOATS: readonly TensorType[] = ['F32', 'F16', 'BF16'];
const QUANTISED = (Object.keys(BLOCK_LAYOUTS) as TensorType[]).filter(
  (type) => type !== 'I64' && !FLOATS.includes(type),
);

/** A matrix of two rows from bytes of a type that ggml wrote. */
function stored(type: TensorType): StoredWeight {
  const bytes =
    type === 'F32' ? bytesOf(float32(256)) : new Uint8Array(readFileSync(new URL(`${type}.bin`, folder)));
  const { elements, bytes: size } = BLOCK_LAYOUTS[type];
  const blocks = 2 * Math.floor(bytes.length / size / 2);
  const inputs = (blocks / 2) * elements;
  // The floats' files do not end on a multiple of 32, so rows are cut to whole blocks.
  const width = inputs - (inputs % 32);
  return { type, shape: [2, width], bytes: bytes.slice(0, ((2 * width) / elements) * size) };
}

const float32 = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i * i));
const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
const ofFloats = (values: Float32Array, inputs: number): StoredWeight => ({
  type: 'F32',
  shape: [values.length / inputs, inputs],
  bytes: bytesOf(values),
});

function floatsOf({ weight }: Omit<Matrix, 'bias'>): Float32Array {
  if (weight.kind !== 'f32') throw new Error('held as blocks');
  return weight.values;
}
function blocksOf({ weight }: Omit<Matrix, 'bias'>): IntegerBlocks {
  if (weight.kind !== 'blocks') throw new Error('held as floats');
  return weight.blocks;
}
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer);

describe('encodeWeight', () => {
  it.each([...FLOATS, ...QUANTISED])('keeps the exact values of %s at f32', (type) => {
    const weight = stored(type);
    const encoded = encodeWeight(weight, 'f32');
    expect(encoded).toMatchObject({ outputs: 2, inputs: weight.shape[1] });
    expect(bits(floatsOf(encoded))).toEqual(bits(dequantize(type, weight.bytes)));
    expect(formName(encoded)).toBe('f32');
  });

  it.each(FLOATS)('keeps %s as floats at auto', (type) => {
    expect(encodeWeight(stored(type), 'auto')).toEqual(encodeWeight(stored(type), 'f32'));
  });

  it.each(QUANTISED)('keeps %s at auto as blocks with the same values', (type) => {
    const weight = stored(type);
    const blocks = blocksOf(encodeWeight(weight, 'auto'));
    expect(blocks).toEqual(integerBlocks(type, weight.bytes));
    const values = blockValues(blocks);
    const expected = dequantize(type, weight.bytes);
    for (let start = 0; start < values.length; start += blocks.blockSize) {
      const block = expected.subarray(start, start + blocks.blockSize);
      // Offsets are rounded once. The error is relative to the block: a value near zero is a difference of large ones.
      const bound = 1e-6 * block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const [i, value] of block.entries()) {
        const found = values[start + i]!;
        if (!(Math.abs(found - value) <= bound)) {
          expect.fail(`${type} element ${start + i}: ${found} instead of ${value}`);
        }
      }
    }
  });

  it.each([
    ['q8', 8],
    ['q4', 4],
  ] as const)(
    '%s is off by at most half a scale, and by at most one scale where 4 bits would need an 8',
    (precision, width) => {
      const row = fc
        .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 64, maxLength: 64 })
        .map((values) => Float32Array.from(values, (value) => (Math.abs(value) < 1e-6 ? 0 : value)));
      fc.assert(
        fc.property(row, (values) => {
          const blocks = blocksOf(encodeWeight(ofFloats(values, 32), precision));
          expect(blocks).toMatchObject({ bits: width, blockSize: 32, offsets: null });
          for (const [i, value] of blockValues(blocks).entries()) {
            const block = values.subarray(i - (i % 32), i - (i % 32) + 32);
            const largest = Math.max(...block.map(Math.abs));
            // q8: scale = max/127. q4: scale = max/8, and values of the other sign are clamped at 7.
            const scale = largest / (width === 8 ? 127 : 8);
            const bound =
              (width === 4 && Math.abs(values[i]!) > 7.5 * scale ? scale : scale / 2) * (1 + 1e-5);
            if (!(Math.abs(value - values[i]!) <= bound)) {
              expect.fail(`${precision} element ${i}: ${value} for ${values[i]}, scale ${scale}`);
            }
          }
        }),
      );
    },
  );

  it.each(['q8', 'q4'] as const)(
    '%s keeps blocks of its own kind unchanged and quantises all others again',
    (precision) => {
      const width = precision === 'q8' ? 8 : 4;
      for (const type of QUANTISED) {
        const weight = stored(type);
        const own = integerBlocks(type, weight.bytes)!;
        const asStored = own.bits === width && own.blockSize === 32 && own.offsets === null;
        const blocks = blocksOf(encodeWeight(weight, precision));
        expect(blocks, type).toMatchObject({ bits: width, blockSize: 32, offsets: null });
        if (asStored) expect(blocks, type).toEqual(own);
      }
      const kept = QUANTISED.filter((type) => {
        const own = integerBlocks(type, stored(type).bytes)!;
        return own.bits === width && own.blockSize === 32 && own.offsets === null;
      });
      expect(kept).toContain(precision === 'q8' ? 'Q8_0' : 'Q4_0');
    },
  );

  it.each(PRECISIONS)('keeps rows that do not divide into blocks of 32 as floats at %s', (precision) => {
    for (const inputs of [1, 31, 33, 48]) {
      const values = float32(3 * inputs);
      const encoded = encodeWeight(ofFloats(values, inputs), precision);
      expect(encoded).toMatchObject({ outputs: 3, inputs });
      expect(floatsOf(encoded)).toEqual(values);
    }
  });

  it('names the form', () => {
    const word = (type: TensorType, precision: Precision): string =>
      formName(encodeWeight(stored(type), precision));
    expect(word('Q4_0', 'auto')).toBe('q4');
    expect(word('Q4_1', 'auto')).toBe('q4+offsets');
    expect(word('Q8_0', 'auto')).toBe('q8');
    expect(word('Q5_1', 'auto')).toBe('q8+offsets');
    expect(word('F16', 'auto')).toBe('f32');
    expect(word('F16', 'q4')).toBe('q4');
  });
});

describe('parsePrecision', () => {
  it('parses every name, and refuses others with a list of the names', () => {
    for (const name of PRECISIONS) expect(parsePrecision(name)).toBe(name);
    expect(() => parsePrecision('q5')).toThrow(
      'E_EXECUTOR: unknown precision: "q5". Use one of auto, f32, q8, q4',
    );
  });
});
