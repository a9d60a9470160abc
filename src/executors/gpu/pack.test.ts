import { expect, it } from 'vitest';
import { integerBlocks } from '../../formats/index.js';
import { CENTRES } from '../../kernels/matrix.js';
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
