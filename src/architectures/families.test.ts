import { describe, expect, it } from 'vitest';
import {
  blueprintOf,
  configFixture,
  ggufFixture,
  modelFixture,
  tensor,
  windows,
  withTensors,
} from '../../test/support/model-fixtures.js';
import { type Checkpoint, dequantize, type MetadataValue, readTensor } from '../formats/index.js';
import { type Blueprint, type ModelPlan, planModel, readWeight, readWeightBytes } from './index.js';

/** A GGUF of a family, with some keys set or (null) removed. */
async function ggufWith(
  name: 'gemma2' | 'smollm3' | 'phi3' | 'olmo2' | 'granite',
  keys: Readonly<Record<string, MetadataValue | null>> = {},
): Promise<Checkpoint> {
  const checkpoint = await ggufFixture(`${name}.F16.gguf`);
  const metadata = new Map(checkpoint.metadata);
  for (const [key, value] of Object.entries(keys)) {
    if (value === null) metadata.delete(`${name}.${key}`);
    else metadata.set(`${name}.${key}`, value);
  }
  return { ...checkpoint, metadata };
}

const ggufBlueprint = async (...given: Parameters<typeof ggufWith>): Promise<Blueprint> =>
  (await planModel(await ggufWith(...given))).blueprint;
const ropes = ({ layers }: Blueprint): boolean[] => layers.map(({ attention }) => attention.rope !== null);

describe('gemma2', () => {
  it('caps scores and logits as stated in config.json, and does not for null', async () => {
    const capped = await blueprintOf('gemma2', { attn_logit_softcapping: 50, final_logit_softcapping: 30 });
    expect(capped.logitCap).toBe(30);
    expect(capped.layers.map(({ attention }) => attention.scoreCap)).toEqual([50, 50, 50, 50]);
    const free = await blueprintOf('gemma2', { attn_logit_softcapping: null, final_logit_softcapping: null });
    expect(free.logitCap).toBeNull();
    expect(free.layers[0]?.attention.scoreCap).toBeNull();
  });

  it('caps by default, as transformers does', async () => {
    const silent = { attn_logit_softcapping: undefined, final_logit_softcapping: undefined };
    const { logitCap, layers } = await blueprintOf('gemma2', silent);
    expect([layers[0]?.attention.scoreCap, logitCap]).toEqual([50, 30]);
  });

  it('slides in every other layer, or in the layers that the file lists', async () => {
    expect(windows(await blueprintOf('gemma2', {}))).toEqual([16, null, 16, null]);
    const layer_types = [
      'full_attention',
      'sliding_attention',
      'sliding_attention',
      'full_attention',
    ] as const;
    expect(windows(await blueprintOf('gemma2', { layer_types }))).toEqual([null, 16, 16, null]);
  });

  it('scales scores by its head dimension in a GGUF, which cannot state the scale', async () => {
    const { layers, logitCap } = await ggufBlueprint('gemma2');
    expect(layers[0]?.attention).toMatchObject({ scale: 1 / Math.sqrt(24), scoreCap: 5 });
    expect(logitCap).toBe(5);
  });

  it('has caps and windows in a GGUF that omits them, as early files do', async () => {
    const blueprint = await ggufBlueprint('gemma2', {
      attn_logit_softcapping: null,
      final_logit_softcapping: null,
      'attention.sliding_window': null,
    });
    expect([blueprint.layers[0]?.attention.scoreCap, blueprint.logitCap]).toEqual([50, 30]);
    expect(windows(blueprint)).toEqual([4096, null, 4096, null]);
  });

  it.each([0, -5])('refuses a cap of %d', async (attn_logit_softcapping) => {
    await expect(blueprintOf('gemma2', { attn_logit_softcapping })).rejects.toMatchObject({
      code: 'E_CONFIG',
      field: 'layers.0.scoreCap',
    });
  });
});

describe('smollm3', () => {
  it('has no rope in every fourth layer, in every n-th, or where its list has 0', async () => {
    expect(ropes(await blueprintOf('smollm3', {}))).toEqual([true, true, true, false, true]);
    const every = { no_rope_layers: undefined, no_rope_layer_interval: 2 };
    expect(ropes(await blueprintOf('smollm3', every))).toEqual([true, false, true, false, true]);
    const listed = { no_rope_layers: [0, 1, 1, 1, 0] };
    expect(ropes(await blueprintOf('smollm3', listed))).toEqual([false, true, true, true, false]);
    expect(ropes(await ggufBlueprint('smollm3'))).toEqual([true, true, true, false, true]);
  });

  it('slides in layers without rope, if windows are switched on', async () => {
    const on = { use_sliding_window: true, sliding_window: 20 };
    expect(windows(await blueprintOf('smollm3', on))).toEqual([null, null, null, 20, null]);
    expect(windows(await blueprintOf('smollm3', { ...on, use_sliding_window: false }))).toEqual(
      Array(5).fill(null),
    );
  });

  it.each([
    { no_rope_layers: [1, 'no', 1, 0, 1] },
    { no_rope_layers: [1, 1, 1, 0] },
    { no_rope_layer_interval: '4', no_rope_layers: undefined },
  ])('refuses %j with the name of the field', async (change) => {
    await expect(blueprintOf('smollm3', change)).rejects.toMatchObject({
      code: 'E_CONFIG',
      field: Object.keys(change)[0],
    });
  });
});

describe('granite', () => {
  it('has multipliers for embeddings, scores, branches and logits, from either file', async () => {
    const expected = { embeddingScale: 0.75, residualScale: 0.7, logitScale: 1 / 1.6 };
    const fromConfig = await blueprintOf('granite', {});
    expect(fromConfig).toMatchObject(expected);
    expect(fromConfig.layers[0]?.attention.scale).toBe(0.4);
    expect(await ggufBlueprint('granite')).toEqual(fromConfig);
  });

  it('does not scale scores by default in config.json, and scales them by 1/√headDim for 0 in a GGUF', async () => {
    const silent = await blueprintOf('granite', { attention_multiplier: undefined });
    expect(silent.layers[0]?.attention.scale).toBe(1);
    const none = await ggufBlueprint('granite', { 'attention.scale': 0, logit_scale: null });
    expect(none.layers[0]?.attention.scale).toBe(1 / 4);
    expect(none.logitScale).toBe(1);
  });

  it.each([
    [{ residual_multiplier: '0.7' }, 'residual_multiplier'],
    [{ embedding_multiplier: 0 }, 'embeddingScale'],
    [{ logits_scaling: 0 }, 'logitScale'],
  ])('refuses %j', async (change, field) => {
    await expect(blueprintOf('granite', change)).rejects.toMatchObject({ code: 'E_CONFIG', field });
  });
});

describe('phi3', () => {
  const fromFixture = async (
    change: (checkpoint: Checkpoint) => Checkpoint,
  ): Promise<{ checkpoint: Checkpoint; plan: ModelPlan }> => {
    const checkpoint = change(await modelFixture('phi3'));
    return { checkpoint, plan: await planModel(checkpoint, await configFixture('phi3')) };
  };
  const fused = 'model.layers.1.self_attn.qkv_proj.weight';

  it('takes query, key and value, gate and up from the rows of two tensors', async () => {
    const { checkpoint, plan } = await fromFixture((original) => original);
    expect(plan.weights.get('layers.1.query')).toEqual({ tensor: fused, rows: { start: 0, end: 64 } });
    expect(plan.weights.get('layers.1.key')).toEqual({ tensor: fused, rows: { start: 64, end: 96 } });
    expect(plan.weights.get('layers.1.value')).toEqual({ tensor: fused, rows: { start: 96, end: 128 } });
    const all = dequantize('F32', await readTensor(checkpoint.tensors.get(fused)!));
    expect(await readWeight(plan, checkpoint, 'layers.1.key')).toEqual(all.slice(64 * 64, 96 * 64));
    const stored = await readWeightBytes(plan, checkpoint, 'layers.1.value');
    expect([stored.shape, stored.bytes.length]).toEqual([[32, 64], 32 * 64 * 4]);
  });

  it('is refused if such a tensor is missing or too short, with the weights that it should hold', async () => {
    const without = fromFixture((original) => withTensors(original, (tensors) => tensors.delete(fused)));
    await expect(without).rejects.toThrow(
      `there is no tensor ${fused} (layers.1.query, layers.1.key, layers.1.value), expected [128, 64]`,
    );
    const short = fromFixture((original) =>
      withTensors(original, (tensors) => tensors.set(fused, tensor(fused, [127, 64]))),
    );
    await expect(short).rejects.toMatchObject({ code: 'E_TENSOR_SHAPE', field: fused });
  });

  it("accepts LongRoPE's older name, and reads its factors from a GGUF's tensors", async () => {
    const { rope_scaling } = (await configFixture('phi3', 'config.v4.json')) as {
      rope_scaling: Record<string, unknown>;
    };
    const blueprint = await blueprintOf('phi3', {});
    const { type: _, rope_type: __, ...rest } = rope_scaling;
    for (const name of ['longrope', 'su']) {
      expect(await blueprintOf('phi3', { rope_scaling: { ...rest, type: name } })).toEqual(blueprint);
    }
    const rope = blueprint.layers[0]?.attention.rope;
    const fromGguf = (await ggufBlueprint('phi3')).layers[0]?.attention.rope;
    expect(fromGguf).toMatchObject({ rotaryDim: 8, base: rope?.base });
    const { scaling } = fromGguf!;
    if (scaling?.type !== 'longrope' || rope?.scaling?.type !== 'longrope') throw new Error('no longrope');
    expect(scaling.originalContextLength).toBe(48);
    expect(scaling.attentionFactor).toBeCloseTo(rope.scaling.attentionFactor, 6);
    expect(scaling.long).toEqual(rope.scaling.long.map((factor) => Math.fround(factor)));
    expect(scaling.short).toEqual(rope.scaling.short.map((factor) => Math.fround(factor)));
  });

  it('is refused with YaRN, which transformers reads as LongRoPE', async () => {
    for (const type of [{ type: 'yarn' }, { rope_type: 'yarn' }]) {
      await expect(blueprintOf('phi3', { rope_scaling: { ...type, factor: 4 } })).rejects.toMatchObject({
        code: 'E_UNSUPPORTED',
        field: 'rope_scaling',
      });
    }
  });

  it("computes LongRoPE's amplitude if a GGUF does not state it", async () => {
    const { layers } = await ggufBlueprint('phi3', { 'rope.scaling.attn_factor': null });
    const scaling = layers[0]?.attention.rope?.scaling;
    expect(scaling?.type === 'longrope' && scaling.attentionFactor).toBeCloseTo(
      Math.sqrt(1 + Math.log(512 / 48) / Math.log(48)),
      12,
    );
  });

  it.each([
    ['rope_factors_short.weight', 'E_TENSOR_MISSING', /the file has only rope_factors_long\.weight/],
    ['rope_factors_long.weight', 'E_TENSOR_MISSING', /the file has only rope_factors_short\.weight/],
  ])('refuses a GGUF without %s', async (name, code, message) => {
    const checkpoint = withTensors(await ggufWith('phi3'), (tensors) => tensors.delete(name));
    await expect(planModel(checkpoint)).rejects.toMatchObject({ code });
    await expect(planModel(checkpoint)).rejects.toThrow(message);
  });

  it.each([
    [{ 'rope.scaling.type': 'linear', 'rope.scaling.factor': 4 }, 'E_UNSUPPORTED', 'phi3.rope.scaling.type'],
    [{ 'rope.dimension_count': 6 }, 'E_TENSOR_SHAPE', 'rope_factors_short.weight'],
    [{ 'rope.dimension_count': 18 }, 'E_TENSOR_SHAPE', 'rope_factors_short.weight'],
  ])('refuses a GGUF with %j', async (keys, code, field) => {
    await expect(ggufBlueprint('phi3', keys)).rejects.toMatchObject({ code, field });
  });

  it.each([
    [{ rope_scaling: { type: 'longrope', long_factor: [1, 1, 1, 1] } }, 'rope_scaling.short_factor'],
    [
      { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1, 1, 1, 1] } },
      'layers.0.rope.scaling.short',
    ],
    [
      { rope_scaling: { type: 'longrope', short_factor: [1, 1, 1, 0], long_factor: [1, 1, 1, 1] } },
      'rope_scaling.short_factor.3',
    ],
    [{ rope_scaling: null, partial_rotary_factor: 0.2 }, 'layers.0.rope.rotaryDim'],
    [{ rope_scaling: { type: 'default', partial_rotary_factor: 1.5 } }, 'rope_scaling.partial_rotary_factor'],
    [
      { rope_scaling: { type: 'dynamic', factor: 2 }, partial_rotary_factor: 0.125 },
      'layers.0.rope.rotaryDim',
    ],
  ])('refuses %j', async (change, field) => {
    await expect(blueprintOf('phi3', change)).rejects.toMatchObject({ code: 'E_CONFIG', field });
  });
});

describe('olmo2', () => {
  it('has norms only on branch outputs, and over the queries and keys of all heads', async () => {
    const { blueprint, weights } = await planModel(await modelFixture('olmo2'), await configFixture('olmo2'));
    expect(blueprint.layers[0]).toMatchObject({ preNorms: false, postNorms: true });
    expect(weights.has('layers.0.attentionNorm')).toBe(false);
    expect(blueprint.layers[0]?.attention.queryKeyNorm).toBe('all heads');
    const norm = weights.get('layers.0.keyNorm')!.tensor;
    const narrow = withTensors(await modelFixture('olmo2'), (tensors) =>
      tensors.set(norm, tensor(norm, [16])),
    );
    await expect(planModel(narrow, await configFixture('olmo2'))).rejects.toMatchObject({
      code: 'E_TENSOR_SHAPE',
      field: norm,
    });
  });
});

describe('a GGUF with a window', () => {
  it.each(['olmo2', 'granite'] as const)(
    'is refused if no layer of the family has one, unless it spans the whole context: %s',
    async (name) => {
      const narrow = ggufBlueprint(name, { 'attention.sliding_window': 128 });
      await expect(narrow).rejects.toMatchObject({
        code: 'E_UNSUPPORTED',
        field: `${name}.attention.sliding_window`,
      });
      expect(await ggufBlueprint(name, { 'attention.sliding_window': 512 })).toEqual(
        await ggufBlueprint(name),
      );
    },
  );
});

describe('a family that does not read a field', () => {
  it.each([
    ['gemma2', { logits_scaling: 8 }],
    ['granite', { final_logit_softcapping: 30 }],
    ['olmo2', { no_rope_layers: [1, 1, 0] }],
    ['smollm3', { partial_rotary_factor: 0.5 }],
    ['phi3', { attn_logit_softcapping: 50 }],
  ] as const)('refuses it: %s %j', async (name, change) => {
    await expect(blueprintOf(name, change)).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      field: Object.keys(change)[0],
    });
  });

  it.each([
    ['gemma2', { logit_scale: 8 }, 'gemma2.logit_scale'],
    ['granite', { final_logit_softcapping: 30 }, 'granite.final_logit_softcapping'],
    ['olmo2', { 'rope.dimension_count': 8 }, 'olmo2.rope.dimension_count'],
  ] as const)('refuses its key in a GGUF: %s %j', async (name, keys, field) => {
    await expect(ggufBlueprint(name, keys)).rejects.toMatchObject({ code: 'E_UNSUPPORTED', field });
  });
});

describe('biases that a file asks for', () => {
  const asked = { attention_bias: true, mlp_bias: true };

  it.each([
    ['mistral', false, false, false],
    ['phi3', false, false, false],
    ['qwen2', true, false, false],
  ] as const)('are ignored in %s, as in transformers', async (name, projections, output, mlp) => {
    const { layers } = await blueprintOf(name, asked);
    expect(layers[0]?.attention.queryKeyValueBias).toBe(projections);
    expect(layers[0]?.attention.outputBias).toBe(output);
    expect(layers[0]?.mlp.bias).toBe(mlp);
  });

  it.each(['qwen3', 'gemma2', 'gemma3', 'olmo2'] as const)(
    'are required in the attention of %s, and ignored in its MLP',
    async (name) => {
      await expect(blueprintOf(name, asked)).rejects.toMatchObject({
        code: 'E_TENSOR_MISSING',
        field: expect.stringContaining('q_proj.bias'),
      });
      const mlpAlone = await blueprintOf(name, { mlp_bias: true });
      expect(mlpAlone.layers[0]?.mlp.bias).toBe(false);
    },
  );

  it.each(['llama', 'smollm3', 'granite'] as const)('are also required in the MLP of %s', async (name) => {
    await expect(blueprintOf(name, { mlp_bias: true })).rejects.toMatchObject({
      code: 'E_TENSOR_MISSING',
      field: expect.stringContaining('gate_proj.bias'),
    });
  });
});
