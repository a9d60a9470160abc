import { expect, it } from 'vitest';
import { BLOCK_LAYOUTS, integerBlocks, type TensorType } from '../../formats/index.js';
import { F16_SCALES } from '../../formats/tensor-types.js';
import { CENTRES } from '../../kernels/matrix.js';
import { createRandom } from '../../random.js';
import { packMatrix } from './pack.js';

const [ONE, MINUS_SIX] = [0x3c00, 0xc600];
/** 2⁻¹⁰ and 2⁻²⁴, the smallest f16. */
const [SMALL, SUBNORMAL] = [0x1400, 0x0001];

/** Returns a row of two blocks of 32 with a scale and a minimum, as f16, in a type of so many bytes a block. */
function stored(type: 'Q4_1' | 'Q5_1', ...pairs: readonly [number, number][]) {
  const blockBytes = type === 'Q4_1' ? 20 : 24;
  const bytes = new Uint8Array(blockBytes * pairs.length).fill(0xa7);
  for (const [block, pair] of pairs.entries()) {
    new Uint8Array(bytes.buffer, blockBytes * block, 4).set(new Uint8Array(Uint16Array.from(pair).buffer));
  }
  return { type, bytes, shape: [1, 32 * pairs.length] };
}

it.each(['Q4_1', 'Q5_1'] as const)('keeps scales and minimums of %s in two bytes each, exactly', (type) => {
  const weight = stored(type, [ONE, MINUS_SIX], [0x2e66, 0xbb12]);
  const { format, scales } = packMatrix(weight, 'auto');
  expect(format).toMatchObject({ scales: 'f16 and minimum' });
  expect(scales).toEqual(Uint16Array.of(ONE, MINUS_SIX, 0x2e66, 0xbb12));
  const { offsets, bits } = integerBlocks(type, weight.bytes)!;
  expect(offsets![0]).toBe(CENTRES[bits] - 6);
});

it('keeps offsets as f32 where a device may read an f16 as 0', () => {
  const { format, scales } = packMatrix(stored('Q4_1', [ONE, MINUS_SIX], [SMALL, SUBNORMAL]), 'auto');
  expect(format).toMatchObject({ scales: 'f32 and offset' });
  expect(scales).toEqual(Float32Array.of(1, 2, 2 ** -10, 2 ** -7 + 2 ** -24));
});

/** Returns random blocks whose shared factors are finite. */
function randomBlocks(type: TensorType, blocks: number, random: () => number) {
  const { bytes: size } = BLOCK_LAYOUTS[type];
  const bytes = Uint8Array.from({ length: blocks * size }, () => Math.floor(random() * 256));
  for (let block = 0; block < blocks; block++) {
    // The upper byte of an f16 from 2⁻¹⁵ to 2⁻⁷, or of a subnormal.
    for (const at of F16_SCALES[type as keyof typeof F16_SCALES]) {
      bytes[block * size + at + 1] = block % 3 === 0 ? 1 : Math.floor(random() * 32);
    }
  }
  return bytes;
}

it.each([
  ['Q4_K', 4.75],
  ['Q5_K', 8.75],
  ['Q6_K', 8.625],
  ['Q3_K', 4.625],
  ['IQ4_XS', 8.375],
] as const)('keeps the scales of %s as products, exactly, in %d bits a weight', (type, bitsPerWeight) => {
  const bytes = randomBlocks(type, 12, createRandom(7));
  const { format, scales, weight } = packMatrix({ type, bytes, shape: [3, 1024] }, 'auto');
  expect((8 * (weight.byteLength + scales!.byteLength)) / 3072).toBe(bitsPerWeight);
  const expected = integerBlocks(type, bytes)!;
  const { offsets, blockSize, bits } = expected;
  expect(format).toMatchObject({ scales: offsets === null ? 'products' : 'products and minimum' });
  const blocks = 256 / blockSize;
  const factors = new Float32Array(scales!.buffer);
  const integers = new Int8Array(scales!.buffer);
  const count = offsets === null ? 1 : 2;
  const size = scales!.length / 12;
  for (let block = 0; block < 12 * blocks; block++) {
    const at = Math.floor(block / blocks) * size;
    const place = 4 * (at + count) + (block % blocks);
    const scale = factors[at]! * integers[place]!;
    expect(scale).toBe(expected.scales[block]! + 0);
    if (offsets === null) continue;
    const minimum = factors[at + 1]! * integers[place + blocks]!;
    expect(Math.fround(CENTRES[bits] * scale - minimum)).toBe(offsets[block]);
  }
});

it('keeps scales as f32 if they are no such products', () => {
  const bytes = randomBlocks('Q2_K', 2, createRandom(3));
  const { format } = packMatrix({ type: 'Q2_K', bytes, shape: [1, 512] }, 'auto');
  expect(format).toMatchObject({ scales: 'f32 and offset' });
});
