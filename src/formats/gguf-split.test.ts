import { describe, expect, it } from 'vitest';
import { type SplitClaims, splitGguf } from '../../test/support/split-gguf.js';
import { memorySource } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import { openSplitGguf } from './gguf-split.js';
import { readTensor } from './read-tensor.js';

const open = (parts: readonly Uint8Array[]): Promise<Checkpoint> =>
  openSplitGguf(parts.map((bytes, part) => memorySource(bytes, `part-${part + 1}.gguf`)));

describe('openSplitGguf', () => {
  it('opens the parts as one model, its metadata from the first', async () => {
    const { tensors, metadata, name } = await open(splitGguf([['a'], ['b', 'c'], []]));
    expect([...tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(tensors.get('c')?.source.name).toBe('part-2.gguf');
    expect((await readTensor(tensors.get('c')!))[0]).toBe(32);
    expect(metadata.get('general.architecture')).toBe('llama');
    expect(name).toBe('part-1.gguf');
  });

  const broken: readonly (readonly [string, string[][], Record<number, SplitClaims>, string])[] = [
    ['parts of a larger split', [['a'], ['b']], { 0: { count: 3 }, 1: { count: 3 } }, 'found 3, expected 2'],
    ['a part in the place of another', [['a'], ['b']], { 1: { no: 0 } }, 'part-2.gguf, field split.no'],
    ['a part of another split', [['a'], ['b']], { 1: { tensors: 9 } }, 'found 9, expected 2'],
    [
      'too few tensors',
      [['a'], ['b']],
      { 0: { tensors: 3 }, 1: { tensors: 3 } },
      'hold 2 tensors, expected 3',
    ],
    ['a tensor in two parts', [['a'], ['a']], {}, 'the tensor is also in part-1.gguf'],
  ];
  it.each(broken)('refuses %s', async (_, names, claims, message) => {
    await expect(open(splitGguf(names, claims))).rejects.toMatchObject({
      code: 'E_GGUF',
      message: expect.stringContaining(message),
    });
  });
});
