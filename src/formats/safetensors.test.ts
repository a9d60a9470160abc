import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import { dequantize } from './dequantize.js';
import { readTensor } from './read-tensor.js';
import { openSafetensors } from './safetensors.js';

/** A file with the given header, valid or not, and `dataBytes` bytes of data. */
function file(header: string | object, dataBytes: number, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const open = (bytes: Uint8Array): Promise<Checkpoint> =>
  openSafetensors(memorySource(bytes, 'm.safetensors'));
const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('openSafetensors', () => {
  it('opens a model as transformers writes it', async () => {
    const path = new URL('../../test/fixtures/models/llama/model.safetensors', import.meta.url);
    const { tensors, metadata, format } = await open(new Uint8Array(readFileSync(path)));
    expect(format).toBe('safetensors');
    expect(metadata.get('format')).toBe('pt');
    const embedding = tensors.get('model.embed_tokens.weight')!;
    expect(embedding).toMatchObject({ type: 'F32', shape: [512, 64], byteLength: 131072 });
    expect(dequantize(embedding.type, await readTensor(embedding))).toHaveLength(512 * 64);
  });

  it('reads every dtype, scalars, empty tensors and fields it does not know', async () => {
    const header = {
      i: entry('I64', [2], 0, 16),
      f: { ...entry('F32', [], 16, 20), later: [{ a: null }] },
      h: entry('F16', [1, 2], 20, 24),
      b: entry('BF16', [1], 24, 26),
      empty: entry('F32', [0, 7], 26, 26),
    };
    const { tensors } = await open(file(header, 26));
    expect([...tensors.values()].map(({ type, shape }) => [type, shape])).toEqual([
      ['I64', [2]],
      ['F32', []],
      ['F16', [1, 2]],
      ['BF16', [1]],
      ['F32', [0, 7]],
    ]);
  });

  const faults: readonly (readonly [string, Uint8Array, string])[] = [
    ['a file of 7 bytes', new Uint8Array(7), '7 bytes cannot hold a header'],
    ['a header past the end', file({}, 0, 2n ** 63n), 'the header claims 9223372036854775808 bytes'],
    [
      'a header that is not JSON',
      file('{"a":{]', 0),
      'expected a string, found "]" (m.safetensors, field header, byte 14)',
    ],
    ['a header that is not UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 'not UTF-8'],
    [
      'a duplicate name',
      file('{"é":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"é":{}}', 4),
      'duplicate key "é" (m.safetensors, field header, byte 62)',
    ],
    ['a duplicate field', file('{"a":{"dtype":"F32","dtype":"F16"}}', 0), 'duplicate key "dtype"'],
    ['a missing field', file({ a: { dtype: 'F32', shape: [1] } }, 4), 'tensor "a" has no valid data_offsets'],
    ['a shape of 2^60', file('{"a":{"dtype":"F32","shape":[1152921504606846976]}}', 4), 'larger than 2^53'],
    ['a negative size', file({ a: entry('F32', [-1], 0, 4) }, 4), 'expected a whole number, found "-"'],
    ['a fraction', file('{"a":{"dtype":"F32","shape":[1.5]}}', 4), 'expected a whole number'],
    [
      'more than 2^53 elements',
      file({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 4) }, 4),
      'more than 2^53 elements',
    ],
    ['nine dimensions', file({ a: entry('F32', Array(9).fill(1), 0, 4) }, 4), 'more than 8 numbers'],
    [
      'a shape that does not match the data',
      file({ a: entry('F32', [2], 0, 4) }, 4),
      'takes 8 bytes, data_offsets give 4',
    ],
    ['offsets in the wrong order', file({ a: entry('F32', [1], 4, 0) }, 4), 'lie outside the 4 bytes'],
    ['a tensor past the end', file({ a: entry('F32', [2], 0, 8) }, 4), 'lie outside the 4 bytes'],
    [
      'overlapping tensors',
      file({ a: entry('F32', [2], 0, 8), b: entry('F32', [2], 4, 12) }, 12),
      'tensors "a" and "b" overlap',
    ],
    ['a hole', file({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, 12), 'belong to no tensor'],
    ['bytes after the last tensor', file({ a: entry('F32', [1], 0, 4) }, 5), 'belong to no tensor'],
    ['deep nesting', file(`{"a":{"x":${'['.repeat(100_000)}`, 0), 'nested deeper than 200'],
  ];
  it.each(faults)('refuses %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({
      code: 'E_SAFETENSORS',
      file: 'm.safetensors',
      offset: expect.toSatisfy((offset) => offset === undefined || offset <= bytes.length),
      message: expect.stringContaining(message),
    });
  });

  it('names the dtype that it refuses', async () => {
    await expect(open(file({ a: entry('F8_E4M3', [4], 0, 4) }, 4))).rejects.toMatchObject({
      code: 'E_TENSOR_TYPE',
      field: '"a"',
      message: expect.stringContaining('"F8_E4M3" is not supported'),
    });
  });

  it('refuses a file cut at any byte', async () => {
    const bytes = file({ a: entry('F32', [2], 0, 8), b: entry('F16', [1], 8, 10) }, 10);
    for (let length = 0; length < bytes.length; length++) {
      await expect(open(bytes.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject({
        code: 'E_SAFETENSORS',
      });
    }
  });
});
