import { describe, expect, it } from 'vitest';
import { blueprintOf, windows } from '../../test/support/model-fixtures.js';

describe('sliding windows', () => {
  it('are on every layer of mistral: 4096 by default, none for null', async () => {
    expect(windows(await blueprintOf('mistral', {}))).toEqual([20, 20, 20]);
    expect(windows(await blueprintOf('mistral', { sliding_window: undefined }))).toEqual([4096, 4096, 4096]);
    expect(windows(await blueprintOf('mistral', { sliding_window: null }))).toEqual([null, null, null]);
    // Mistral has no such switch, in transformers either.
    expect(windows(await blueprintOf('mistral', { use_sliding_window: false }))).toEqual([20, 20, 20]);
  });

  it('start at layer max_window_layers in qwen, if switched on', async () => {
    const on = { use_sliding_window: true, sliding_window: 16, max_window_layers: 1 };
    expect(windows(await blueprintOf('qwen2', on))).toEqual([null, 16, 16]);
    expect(windows(await blueprintOf('qwen3', { ...on, use_sliding_window: false }))).toEqual([
      null,
      null,
      null,
    ]);
    const layer_types = ['sliding_attention', 'full_attention', 'full_attention'];
    expect(windows(await blueprintOf('qwen3', { ...on, layer_types }))).toEqual([16, null, null]);
  });

  it('follow the pattern in gemma3, with the local rope base', async () => {
    const blueprint = await blueprintOf('gemma3', { sliding_window_pattern: 3, rope_local_base_freq: 5000 });
    expect(windows(blueprint)).toEqual([16, 16, null, 16, 16, null, 16]);
    expect(blueprint.layers.map(({ attention }) => attention.rope?.base)).toEqual([
      5000, 5000, 1e6, 5000, 5000, 1e6, 5000,
    ]);
  });
});
