import { describe, expect, it } from 'vitest';
import { ggufFixture, tensor, windows, withTensors } from '../../test/support/model-fixtures.js';
import type { Checkpoint, MetadataValue } from '../formats/index.js';
import { shortestDecimal } from './gguf-metadata.js';
import { type Blueprint, planModel } from './index.js';
import { GGUF_REFUSALS } from './refusals.js';

const FILES = { llama: 'llama.F32.gguf', qwen3: 'qwen3.F16.gguf', gemma3: 'gemma3.Q8_0.gguf' } as const;

/** A fixture with some keys set or (null) removed. Keys without an architecture get the fixture's. */
async function withKeys(
  name: keyof typeof FILES,
  keys: Readonly<Record<string, MetadataValue | null>>,
): Promise<Checkpoint> {
  const checkpoint = await ggufFixture(FILES[name]);
  const metadata = new Map(checkpoint.metadata);
  for (const [key, value] of Object.entries(keys)) {
    const full = key.startsWith('general.') ? key : `${name}.${key}`;
    if (value === null) metadata.delete(full);
    else metadata.set(full, value);
  }
  return { ...checkpoint, metadata };
}

const blueprintWith = async (...given: Parameters<typeof withKeys>): Promise<Blueprint> =>
  (await planModel(await withKeys(...given))).blueprint;
const scalingOf = (blueprint: Blueprint) => blueprint.layers[0]?.attention.rope?.scaling;

const REFUSED: Readonly<Record<string, MetadataValue>> = {
  'attention.head_count': [4, 4, 2],
  'attention.head_count_kv': Uint32Array.of(2, 2, 1),
  feed_forward_length: [96, 96, 48],
  expert_count: 8,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
  logit_scale: 0.0625,
  embedding_scale: 12,
  residual_scale: 0.22,
  use_parallel_residual: true,
  'attention.scale': 0.015625,
  'attention.output_scale': 0.5,
  'attention.clamp_kqv': 8,
  'attention.max_alibi_bias': 8,
  'attention.causal': false,
  'attention.temperature_scale': 0.1,
  'attention.temperature_length': 8192,
  'attention.shared_kv_layers': 2,
  'attention.q_lora_rank': 1536,
  'attention.kv_lora_rank': 512,
  'attention.key_length_swa': 32,
  'attention.value_length_swa': 32,
  'rope.dimension_sections': [16, 24, 24, 0],
  'rope.scaling.yarn_log_multiplier': 0.1,
  'rope.scaling.yarn_ext_factor': 0.5,
  'rope.scaling.yarn_attn_factor': 1.2,
};

describe('GGUF metadata that asks for an unsupported feature', () => {
  it.each(Object.entries(REFUSED))('is refused with the name of the key: %s %j', async (key, value) => {
    await expect(blueprintWith('llama', { [key]: value })).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      field: `llama.${key}`,
    });
  });

  it('has a test for every refusal', () => {
    expect(GGUF_REFUSALS.filter(({ field }) => !Object.hasOwn(REFUSED, field))).toEqual([]);
  });

  it.each([
    ['llama', { 'rope.dimension_count': 8 }, 'llama.rope.dimension_count'],
    ['qwen3', { 'attention.value_length': 32 }, 'qwen3.attention.value_length'],
    ['llama', { 'rope.scaling.type': 'longrope', 'rope.scaling.factor': 4 }, 'llama.rope.scaling.type'],
    ['llama', { 'general.architecture': 'gptneox' }, 'general.architecture'],
    ['llama', { 'general.architecture': null }, 'general.architecture'],
  ] as const)('is refused with the name of the field: %s %j', async (name, keys, field) => {
    await expect(blueprintWith(name, keys)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', field });
  });

  it('is accepted if the keys ask for nothing', async () => {
    const nothing = {
      expert_count: 0,
      logit_scale: 1,
      'attention.causal': true,
      'attention.scale': 0,
      'rope.scaling.type': 'none',
      'attention.sliding_window': 0,
      'attention.head_count_kv': Uint32Array.of(2, 2, 2),
      feed_forward_length: [96, 96, 96],
    };
    expect(await blueprintWith('llama', nothing)).toEqual(await blueprintWith('llama', {}));
  });
});

describe('invalid GGUF metadata', () => {
  it.each([
    ['block_count', null],
    ['block_count', 1e9],
    ['attention.head_count_kv', [-2, -2, -2]],
    ['context_length', null],
    ['embedding_length', -64],
    ['attention.head_count', 'four'],
    ['attention.layer_norm_rms_epsilon', null],
    ['rope.freq_base', Number.NaN],
    ['rope.scaling.type', 7],
  ] as const)('is refused with the key: %s %j', async (key, value) => {
    await expect(blueprintWith('llama', { [key]: value })).rejects.toMatchObject({
      code: 'E_CONFIG',
      field: `llama.${key}`,
    });
  });
});

describe('the rope of a GGUF', () => {
  it('is scaled by its keys', async () => {
    expect(scalingOf(await blueprintWith('llama', { 'rope.scaling.factor': 4 }))).toEqual({
      type: 'linear',
      factor: 4,
    });
    expect(scalingOf(await blueprintWith('llama', { 'rope.scale_linear': 2 }))).toEqual({
      type: 'linear',
      factor: 2,
    });
    const yarn = {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': 4,
      'rope.scaling.original_context_length': 128,
    };
    expect(scalingOf(await blueprintWith('llama', yarn))).toEqual({
      type: 'yarn',
      factor: 4,
      originalContextLength: 128,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: null,
      truncate: true,
    });
    const scaled = scalingOf(await blueprintWith('llama', { ...yarn, 'rope.scaling.attn_factor': 0.5 }));
    expect(scaled).toMatchObject({ attentionFactor: 0.5 * (0.1 * Math.log(4) + 1) });
  });

  it('has divisors if there is a tensor rope_freqs.weight', async () => {
    const divisors = [1, 1, 1.5, 2, 4, 8, 8, 8];
    const withDivisors = (checkpoint: Checkpoint, values: readonly number[]) =>
      withTensors(checkpoint, (tensors) =>
        tensors.set('rope_freqs.weight', tensor('rope_freqs.weight', [values.length], values)),
      );
    const { blueprint } = await planModel(withDivisors(await withKeys('llama', {}), divisors));
    expect(scalingOf(blueprint)).toEqual({ type: 'divisors', divisors });

    const short = planModel(withDivisors(await withKeys('llama', {}), [1, 2]));
    await expect(short).rejects.toMatchObject({ code: 'E_TENSOR_SHAPE', field: 'rope_freqs.weight' });
    const infinite = planModel(withDivisors(await withKeys('llama', {}), divisors.with(2, Infinity)));
    await expect(infinite).rejects.toMatchObject({ code: 'E_TENSOR_VALUE', field: 'rope_freqs.weight' });
    const zero = planModel(withDivisors(await withKeys('llama', {}), [0, 1, 1, 1, 1, 1, 1, 1]));
    await expect(zero).rejects.toMatchObject({ code: 'E_CONFIG' });
    const both = planModel(withDivisors(await withKeys('llama', { 'rope.scaling.factor': 4 }), divisors));
    await expect(both).rejects.toMatchObject({ code: 'E_UNSUPPORTED' });
  });

  it('has the base of the family if the key is missing', async () => {
    const { layers } = await blueprintWith('gemma3', { 'rope.freq_base': null });
    expect(layers.map(({ attention }) => attention.rope?.base)).toEqual([1e4, 1e4, 1e4, 1e4, 1e4, 1e6, 1e4]);
    const swa = await blueprintWith('gemma3', { 'rope.freq_base_swa': 5000 });
    expect(swa.layers[0]?.attention.rope?.base).toBe(5000);
  });
});

describe('the windows of a GGUF', () => {
  it('follow a pattern: a period or a flag per layer', async () => {
    const period = await blueprintWith('gemma3', { 'attention.sliding_window_pattern': 2 });
    expect(windows(period)).toEqual([16, null, 16, null, 16, null, 16]);
    const flags = [true, false, false, true, true, true, true];
    const listed = await blueprintWith('gemma3', { 'attention.sliding_window_pattern': flags });
    expect(windows(listed)).toEqual([16, null, null, 16, 16, 16, 16]);
  });

  it('may be absent: all layers of a gemma3 are then full, with the rope of full layers', async () => {
    const { layers } = await blueprintWith('gemma3', { 'attention.sliding_window': null });
    expect(layers.map(({ attention }) => attention.window)).toEqual(Array(7).fill(null));
    expect(layers.map(({ attention }) => attention.rope?.base)).toEqual(Array(7).fill(1e6));
  });

  it('are kept for a mistral whose architecture is llama', async () => {
    expect(windows(await blueprintWith('llama', { 'attention.sliding_window': 20 }))).toEqual([20, 20, 20]);
  });
});

describe('what a GGUF omits', () => {
  // llama.cpp does not read it either if the file has a vocabulary.
  it('may be the vocabulary size, which is read from the embedding; a wrong one is noted', async () => {
    expect((await blueprintWith('llama', { vocab_size: null })).vocabSize).toBe(512);
    for (const [vocab_size, shown] of [
      ...[500, 0, -1, 2 ** 40].map((wrong) => [wrong, wrong] as const),
      ['many', 'not a number'],
      [Array.from({ length: 1000 }, () => 'many'), 'not a number'],
    ] as const) {
      const { blueprint, notes } = await planModel(await withKeys('llama', { vocab_size }));
      expect(blueprint.vocabSize).toBe(512);
      expect(notes).toEqual([
        expect.stringMatching(`vocab_size is ${shown}, but the embedding has 512 rows; it is ignored$`),
      ]);
    }
    expect((await planModel(await withKeys('llama', {}))).notes).toEqual([]);
  });

  it('may be the head dimension, which is then hidden / heads', async () => {
    expect((await blueprintWith('llama', {})).layers[0]?.attention.headDim).toBe(16);
  });
});

it.each([
  [Math.fround(1e-5), 1e-5],
  [Math.fround(1e-6), 1e-6],
  [Math.fround(0.1), 0.1],
  [10000, 10000],
  [Math.fround(1.2345678), 1.2345678],
  [0.1, 0.1],
  [0, 0],
])('reads the f32 %d as the decimal %d that was written', (stored, meant) => {
  expect(shortestDecimal(stored)).toBe(meant);
});
