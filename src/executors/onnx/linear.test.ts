import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockValues, type IntegerBlocks } from '../../formats/index.js';
import { groupMajorHeads, type Linear, packBlocks } from './linear.js';

/** Integers of the given bits in blocks of 32, with a different scale and offset in every block. */
function blocksOf(quants: Int8Array, bits: 4 | 8, offsets = false): IntegerBlocks {
  const count = quants.length / 32;
  return {
    bits,
    blockSize: 32,
    quants,
    scales: Float32Array.from({ length: count }, (_, i) => 1 + i / 8),
    offsets: offsets ? Float32Array.from({ length: count }, (_, i) => -i) : null,
  };
}

const quantsOf = (bits: 4 | 8): fc.Arbitrary<Int8Array> =>
  fc
    .array(fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }), {
      minLength: 32,
      maxLength: 32,
    })
    .map((values) => Int8Array.from(values));

describe('packBlocks', () => {
  it('puts element 2i in the low nibble and 2i + 1 in the high one, with zero at 8', () => {
    const quants = new Int8Array(32);
    quants.set([-8, 7, 0, -1, 1, 2]);
    const packed = packBlocks(blocksOf(quants, 4));
    expect([...packed]).toEqual([0xf0, 0x78, 0xa9, ...Array<number>(13).fill(0x88)]);
  });

  it('puts zero at 128 in 8 bits', () => {
    const quants = new Int8Array(32);
    quants.set([-128, 127, 0, -1, 1]);
    const packed = packBlocks(blocksOf(quants, 8));
    expect([...packed]).toEqual([0, 255, 128, 127, 129, ...Array<number>(27).fill(128)]);
  });

  it('is lossless', () => {
    fc.assert(
      fc.property(quantsOf(4), quantsOf(8), (four, eight) => {
        const nibbles = packBlocks(blocksOf(four, 4));
        expect(nibbles).toHaveLength(16);
        expect([...four]).toEqual([...nibbles].flatMap((byte) => [(byte & 15) - 8, (byte >> 4) - 8]));
        expect([...eight]).toEqual([...packBlocks(blocksOf(eight, 8))].map((byte) => byte - 128));
      }),
    );
  });
});

describe('groupMajorHeads', () => {
  const [kvHeads, group, headDim, inputs] = [3, 2, 4, 64];
  const heads = kvHeads * group;
  const outputs = heads * headDim;
  const bias = Float32Array.from({ length: outputs }, (_, i) => i);

  /** The index of row `d` of query head `head`. */
  const movedTo = (head: number, d: number): number => {
    const kv = Math.floor(head / group);
    return ((head % group) * kvHeads + kv) * headDim + d;
  };

  function expectMoved(before: Float32Array, after: Float32Array, width: number): void {
    expect(after).toHaveLength(before.length);
    for (let head = 0; head < heads; head++) {
      for (let d = 0; d < headDim; d++) {
        const from = (head * headDim + d) * width;
        const to = movedTo(head, d) * width;
        expect(after.subarray(to, to + width), `head ${head}, row ${d}`).toEqual(
          before.subarray(from, from + width),
        );
      }
    }
  }

  it('moves query head h = kv·group + g to place g·kvHeads + kv, rows, biases and all', () => {
    const values = Float32Array.from({ length: outputs * inputs }, (_, i) => i);
    const linear: Linear = { outputs, inputs, bias, weight: { kind: 'f32', values } };
    const moved = groupMajorHeads(linear, kvHeads, headDim);
    if (moved.weight.kind !== 'f32') throw new Error('the form changed');
    expectMoved(values, moved.weight.values, inputs);
    expectMoved(bias, moved.bias!, 1);
    expect(moved).toMatchObject({ outputs, inputs });
    // The argument is not changed.
    expect(values[1]).toBe(1);
    expect(bias[headDim]).toBe(headDim);
  });

  it.each([
    [4, false],
    [8, true],
  ] as const)('moves the blocks of %i bits so that they stand for the moved values', (bits, offsets) => {
    const quants = Int8Array.from(
      { length: outputs * inputs },
      (_, i) => ((i * 7) % 2 ** bits) - 2 ** (bits - 1),
    );
    const blocks = blocksOf(quants, bits, offsets);
    const linear: Linear = { outputs, inputs, bias: null, weight: { kind: 'blocks', blocks } };
    const moved = groupMajorHeads(linear, kvHeads, headDim);
    if (moved.weight.kind !== 'blocks') throw new Error('the form changed');
    expectMoved(blockValues(blocks), blockValues(moved.weight.blocks), inputs);
    expect(moved.weight.blocks).toMatchObject({ bits, blockSize: 32 });
    expect(moved.weight.blocks.offsets === null).toBe(!offsets);
    expect(moved.bias).toBeNull();
  });

  it('changes nothing if every query head has its own key-value head, or all share one', () => {
    const values = Float32Array.from({ length: outputs * inputs }, (_, i) => i);
    const linear: Linear = { outputs, inputs, bias, weight: { kind: 'f32', values } };
    expect(groupMajorHeads(linear, heads, headDim)).toEqual(linear);
    expect(groupMajorHeads(linear, 1, headDim)).toEqual(linear);
  });
});
