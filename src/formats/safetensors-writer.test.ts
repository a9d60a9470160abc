import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource } from './bytes.js';
import { readTensor } from './read-tensor.js';
import { openSafetensors } from './safetensors.js';
import { encodeSafetensors, type TensorToWrite } from './safetensors-writer.js';

const join = (chunks: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks));

const tensors: fc.Arbitrary<TensorToWrite[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
      wide: fc.boolean(),
      shape: fc.array(fc.nat(5), { maxLength: 3 }),
    }),
    { selector: ({ name }) => name },
  )
  .map((drafts) =>
    drafts.map(({ name, wide, shape }, seed): TensorToWrite => {
      const length = shape.reduce((product, size) => product * size, 1);
      return wide
        ? { name, shape, type: 'I64', data: BigInt64Array.from({ length }, (_, i) => BigInt(i - seed)) }
        : { name, shape, type: 'F32', data: Float32Array.from({ length }, (_, i) => i / (seed + 1)) };
    }),
  );

describe('encodeSafetensors', () => {
  it('writes what openSafetensors reads, in the order given', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, async (written) => {
        const bytes = join(encodeSafetensors(written, { tool: 'holdfast', 'é"': '1' }));
        const checkpoint = await openSafetensors(memorySource(bytes, 'written'));
        expect(Object.fromEntries(checkpoint.metadata)).toEqual({ tool: 'holdfast', 'é"': '1' });
        expect([...checkpoint.tensors.keys()]).toEqual(written.map(({ name }) => name));
        for (const { name, type, shape, data } of written) {
          const info = checkpoint.tensors.get(name)!;
          expect([info.type, info.shape]).toEqual([type, shape]);
          expect(await readTensor(info)).toEqual(new Uint8Array(data.buffer));
        }
      }),
    );
  });

  it('aligns the data to eight bytes and copies no tensor', () => {
    const data = Float32Array.of(1, 2);
    const [header, chunk] = encodeSafetensors([{ name: 'a', type: 'F32', shape: [2], data }]);
    expect(header!.length % 8).toBe(0);
    expect(chunk!.buffer).toBe(data.buffer);
  });

  it('refuses duplicate and reserved names, and shapes that do not match the data', () => {
    const a: TensorToWrite = { name: 'a', type: 'F32', shape: [1], data: Float32Array.of(1) };
    expect(() => encodeSafetensors([a, a])).toThrow(
      'E_SAFETENSORS: the tensor name "a" is a duplicate or reserved',
    );
    expect(() => encodeSafetensors([{ ...a, name: '__metadata__' }])).toThrow(
      'the tensor name "__metadata__" is a duplicate or reserved',
    );
    expect(() => encodeSafetensors([{ ...a, shape: [2] }])).toThrow('E_TENSOR_SHAPE');
  });
});
