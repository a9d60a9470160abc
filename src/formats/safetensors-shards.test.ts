import { describe, expect, it } from 'vitest';
import { memorySource } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import { openShardedSafetensors } from './safetensors-shards.js';
import { encodeSafetensors } from './safetensors-writer.js';

const shard = (...names: string[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      encodeSafetensors(
        names.map((name) => ({ name, type: 'F32', shape: [1], data: Float32Array.of(1) })),
        { format: 'pt' },
      ),
    ),
  );

function open(weightMap: unknown, shards: Record<string, Uint8Array>): Promise<Checkpoint> {
  const index =
    typeof weightMap === 'string' ? weightMap : JSON.stringify({ metadata: {}, weight_map: weightMap });
  return openShardedSafetensors('index.json', index, async (name) => memorySource(shards[name]!, name));
}

describe('openShardedSafetensors', () => {
  it('joins the tensors of all shards, each with its own source', async () => {
    const { tensors, metadata, name } = await open(
      { a: '1', b: '2', c: '1' },
      { 1: shard('a', 'c'), 2: shard('b') },
    );
    expect(name).toBe('index.json');
    expect([...tensors.values()].map((tensor) => [tensor.name, tensor.source.name]).sort()).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '1'],
    ]);
    expect(metadata.get('format')).toBe('pt');
  });

  it.each([
    ['a tensor that a shard lacks', { a: '1', b: '1' }, { 1: shard('a') }, 'shard "1" lacks tensor "b"'],
    [
      'a tensor that the index does not list',
      { a: '1' },
      { 1: shard('a', 'b') },
      'but the index does not list it',
    ],
    [
      'a tensor in the wrong shard',
      { a: '1', b: '2' },
      { 1: shard('a', 'b'), 2: shard('b') },
      'puts it in "2"',
    ],
    ['an index without tensors', {}, {}, 'the index lists no tensors'],
    [
      'an index that is not JSON',
      '{"weight_map": {"a": 1}}',
      {},
      'expected a string, found "1" (index.json, field index, byte 21)',
    ],
    ['a name twice', '{"weight_map": {"a": "1", "a": "2"}}', {}, 'duplicate key "a"'],
  ])('refuses %s', async (_, weightMap, shards, message) => {
    await expect(open(weightMap, shards as Record<string, Uint8Array>)).rejects.toMatchObject({
      code: 'E_SAFETENSORS',
      message: expect.stringContaining(message),
    });
  });
});
