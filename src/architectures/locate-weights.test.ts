import { describe, expect, it } from 'vitest';
import {
  configFixture,
  ggufFixture,
  modelFixture,
  tensor,
  withTensors,
} from '../../test/support/model-fixtures.js';
import { dequantize, memorySource, readTensor, type TensorInfo } from '../formats/index.js';
import { type ModelPlan, planModel, weightShapes } from './index.js';

/** Plans a tiny model whose tensors or config.json were changed. */
async function planWith(
  name: string,
  change: (tensors: Map<string, TensorInfo>) => void,
  config: Record<string, unknown> = {},
): Promise<ModelPlan> {
  const checkpoint = withTensors(await modelFixture(name), change);
  return planModel(checkpoint, JSON.parse(JSON.stringify({ ...(await configFixture(name)), ...config })));
}

const add = (name: string, shape: readonly number[]) => (tensors: Map<string, TensorInfo>) =>
  tensors.set(name, tensor(name, shape));

describe('the weights of a plan', () => {
  it('are refused if one is missing, with its name and shape', async () => {
    const without = planWith('llama', (tensors) => tensors.delete('model.layers.1.mlp.up_proj.weight'));
    await expect(without).rejects.toMatchObject({
      code: 'E_TENSOR_MISSING',
      field: 'model.layers.1.mlp.up_proj.weight',
    });
    await expect(without).rejects.toThrow(
      'there is no tensor model.layers.1.mlp.up_proj.weight (layers.1.up), expected [96, 64]',
    );
  });

  it('are refused if one has the wrong shape, with both shapes', async () => {
    const reshaped = planWith('llama', add('model.layers.2.self_attn.k_proj.weight', [64, 32]));
    await expect(reshaped).rejects.toMatchObject({ code: 'E_TENSOR_SHAPE' });
    await expect(reshaped).rejects.toThrow(
      'model.layers.2.self_attn.k_proj.weight (layers.2.key) has shape [64, 32], expected [32, 64]',
    );
  });

  it('are refused if the vocabulary is not stated and there is no embedding', async () => {
    await expect(
      planWith('llama', (tensors) => tensors.delete('model.embed_tokens.weight'), { vocab_size: undefined }),
    ).rejects.toMatchObject({ code: 'E_TENSOR_MISSING', field: 'model.embed_tokens.weight' });
  });

  it('are refused if a norm is quantised or a matrix holds integers', async () => {
    const retype = (name: string, type: TensorInfo['type']) => (tensors: Map<string, TensorInfo>) =>
      tensors.set(name, { ...tensors.get(name)!, type });
    await expect(planWith('llama', retype('model.norm.weight', 'Q8_0'))).rejects.toMatchObject({
      code: 'E_TENSOR_TYPE',
      field: 'model.norm.weight',
    });
    await expect(planWith('llama', retype('model.embed_tokens.weight', 'I64'))).rejects.toMatchObject({
      code: 'E_TENSOR_TYPE',
    });
  });

  it.each([
    ['llama', 'model.layers.0.self_attn.q_proj.bias', [64]],
    ['llama', 'model.layers.3.input_layernorm.weight', [64]],
    ['llama', 'model.layers.0.self_attn.q_norm.weight', [16]],
    ['llama', 'score.weight', [2, 64]],
    ['mistral', 'model.layers.0.self_attn.o_proj.bias', [64]],
    ['qwen2', 'vision_tower.patch', [4]],
  ])('are refused if %s has %s, which would be unused', async (name, extra, shape) => {
    const planned = planWith(name, add(extra, shape));
    await expect(planned).rejects.toMatchObject({ code: 'E_UNSUPPORTED', field: extra });
  });

  it('may include the rotary buffers of older files', async () => {
    const plan = await planWith('llama', add('model.layers.0.self_attn.rotary_emb.inv_freq', [8]));
    expect(plan.weights.size).toBe(weightShapes(plan.blueprint).size);
  });

  it('include biases if config.json asks for them', async () => {
    const config = { attention_bias: true, mlp_bias: true };
    const sizes = {
      'self_attn.q_proj': 64,
      'self_attn.k_proj': 32,
      'self_attn.v_proj': 32,
      'self_attn.o_proj': 64,
    };
    const mlp = { 'mlp.gate_proj': 96, 'mlp.up_proj': 96, 'mlp.down_proj': 64 };
    const plan = await planWith(
      'llama',
      (tensors) => {
        for (const [name, size] of Object.entries({ ...sizes, ...mlp })) {
          for (const layer of [0, 1, 2]) add(`model.layers.${layer}.${name}.bias`, [size])(tensors);
        }
      },
      config,
    );
    expect(plan.blueprint.layers[0]).toMatchObject({
      attention: { queryKeyValueBias: true, outputBias: true },
      mlp: { bias: true },
    });
    expect(plan.weights.get('layers.2.downBias')?.tensor).toBe('model.layers.2.mlp.down_proj.bias');
    await expect(planWith('llama', () => {}, config)).rejects.toMatchObject({ code: 'E_TENSOR_MISSING' });
  });
});

it('reorders queries, keys and their biases of a llama GGUF, and nothing else', async () => {
  const biased = withTensors(await ggufFixture('llama.F32.gguf'), (tensors) => {
    for (const layer of [0, 1, 2]) {
      for (const [name, size] of Object.entries({ attn_q: 64, attn_k: 32, attn_v: 32 })) {
        add(`blk.${layer}.${name}.bias`, [size])(tensors);
      }
    }
  });
  const { weights } = await planModel(biased);
  const reordered = [...weights].filter(([, ref]) => ref.interleavedHeads !== undefined);
  expect(reordered.map(([name, ref]) => [name, ref.interleavedHeads])).toEqual(
    [0, 1, 2].flatMap((layer) => [
      [`layers.${layer}.query`, 4],
      [`layers.${layer}.key`, 2],
      [`layers.${layer}.queryBias`, 4],
      [`layers.${layer}.keyBias`, 2],
    ]),
  );
});

describe('the head', () => {
  const embedding = async (): Promise<Float32Array> => {
    const { tensors } = await modelFixture('llama');
    const info = tensors.get('model.embed_tokens.weight')!;
    return dequantize(info.type, await readTensor(info));
  };
  const addValues = (name: string, values: Float32Array) => (tensors: Map<string, TensorInfo>) =>
    tensors.set(name, tensor(name, [512, 64], [...values]));
  const untied = { tie_word_embeddings: false };
  const silent = { tie_word_embeddings: undefined };

  it('stays the embedding if the file stores an equal one', async () => {
    for (const config of [{}, silent]) {
      const plan = await planWith('llama', addValues('lm_head.weight', await embedding()), config);
      expect(plan.blueprint.tiedEmbeddings).toBe(true);
      expect(plan.weights.has('head')).toBe(false);
      expect(plan.unused).toEqual([{ reason: 'equal to the embedding', tensors: ['lm_head.weight'] }]);
      expect(plan.notes).toEqual([]);
    }
  });

  it('is the stored one if it differs, even where config.json ties them, which is noted', async () => {
    const values = await embedding();
    values[values.length - 1]! += 1;
    const plan = await planWith('llama', addValues('lm_head.weight', values));
    expect(plan.blueprint.tiedEmbeddings).toBe(false);
    expect(plan.weights.get('head')).toEqual({ tensor: 'lm_head.weight' });
    expect(plan.unused).toEqual([]);
    expect(plan.notes).toHaveLength(1);
    expect(plan.notes[0]).toContain('lm_head.weight differs from the embedding, so it is used as the head');
    const unstated = await planWith('llama', addValues('lm_head.weight', values), silent);
    expect(unstated.blueprint.tiedEmbeddings).toBe(false);
    expect(unstated.notes).toEqual([]);
  });

  it('is compared by value: −0 equals 0, and types may differ', async () => {
    const halves = (values: number[]): TensorInfo => ({
      ...tensor('', [512, 64]),
      ...{ type: 'BF16', byteLength: 2 * values.length },
      source: memorySource(new Uint8Array(Uint16Array.from(values).buffer), 'halves'),
    });
    // 0x3f80 is 1, 0x8000 is −0.
    const embedding = Array.from({ length: 512 * 64 }, (_, i) => i % 3);
    const head = embedding.map((value) => [0x8000, 0x3f80, 0x4000][value]!);
    const planned = (values: number[]): Promise<ModelPlan> =>
      planWith('llama', (tensors) => {
        addValues('model.embed_tokens.weight', Float32Array.from(embedding))(tensors);
        tensors.set('lm_head.weight', halves(values));
      });
    expect((await planned(head)).blueprint.tiedEmbeddings).toBe(true);
    expect((await planned(head.with(7, 0x4040))).blueprint.tiedEmbeddings).toBe(false);
  });

  it('is refused if it differs in shape', async () => {
    const planned = planWith('llama', (tensors) =>
      tensors.set('lm_head.weight', tensor('lm_head.weight', [500, 64], new Array(500 * 64).fill(1))),
    );
    await expect(planned).rejects.toMatchObject({ code: 'E_TENSOR_SHAPE', field: 'lm_head.weight' });
  });

  it('is also the embedding if only the head is stored and config.json ties them', async () => {
    const alone = async (config: Record<string, unknown>): Promise<ModelPlan> => {
      const values = await embedding();
      return planWith(
        'llama',
        (tensors) => {
          tensors.delete('model.embed_tokens.weight');
          addValues('lm_head.weight', values)(tensors);
        },
        config,
      );
    };
    const plan = await alone({});
    expect(plan.blueprint.tiedEmbeddings).toBe(true);
    expect(plan.weights.get('embedding')).toEqual({ tensor: 'lm_head.weight' });
    await expect(alone(untied)).rejects.toMatchObject({ code: 'E_TENSOR_MISSING' });
  });

  it('is separate if config.json says so, and is then required', async () => {
    const plan = await planWith('llama', addValues('lm_head.weight', await embedding()), untied);
    expect(plan.weights.get('head')).toEqual({ tensor: 'lm_head.weight' });
    await expect(planWith('llama', () => {}, untied)).rejects.toMatchObject({ code: 'E_TENSOR_MISSING' });
  });

  it('depends on what the file stores if config.json does not say', async () => {
    expect((await planWith('llama', () => {}, silent)).blueprint.tiedEmbeddings).toBe(true);
    expect((await planWith('mistral', () => {}, silent)).blueprint.tiedEmbeddings).toBe(false);
  });

  it('is output.weight in a GGUF, and the embedding without it or if the two are equal', async () => {
    const gguf = await ggufFixture('llama.F32.gguf');
    expect((await planModel(gguf)).blueprint.tiedEmbeddings).toBe(true);
    const values = await embedding();
    const plan = async (head: Float32Array): Promise<ModelPlan> =>
      planModel(withTensors(gguf, addValues('output.weight', head)));
    expect((await plan(values)).blueprint.tiedEmbeddings).toBe(true);
    expect((await plan(values)).unused).toEqual([
      { reason: 'equal to the embedding', tensors: ['output.weight'] },
    ]);
    const own = await plan(values.map((value) => -value));
    expect(own.weights.get('head')).toEqual({ tensor: 'output.weight' });
    expect(own.notes).toEqual([]);
  });
});

describe('tensors that are not needed', () => {
  it('are listed with the reason', async () => {
    const name = (layer: number): string => `model.layers.${layer}.self_attn.rotary_emb.inv_freq`;
    const plan = await planWith('llama', (tensors) => {
      for (const layer of [0, 1]) add(name(layer), [8])(tensors);
    });
    const reason = 'rotary frequencies, which the configuration determines';
    expect(plan.unused).toEqual([{ reason, tensors: [name(0), name(1)] }]);
    expect(plan.notes).toEqual([]);
  });

  it('are part of the image encoder in Gemma 3, in both formats', async () => {
    const encoder = 'vision_tower.vision_model.post_layernorm.weight';
    const reason = 'part of the image encoder';
    expect((await planWith('gemma3', add(encoder, [4]))).unused).toEqual([{ reason, tensors: [encoder] }]);
    const gguf = withTensors(await ggufFixture('gemma3.Q8_0.gguf'), add('v.post_ln.weight', [4]));
    expect((await planModel(gguf)).unused).toEqual([{ reason, tensors: ['v.post_ln.weight'] }]);
  });

  it('are refused if no rule knows them, in both formats', async () => {
    const lora = 'model.layers.0.self_attn.q_proj.lora_A.weight';
    await expect(planWith('llama', add(lora, [4, 64]))).rejects.toMatchObject({ field: lora });
    const gguf = withTensors(await ggufFixture('llama.F32.gguf'), add('blk.0.attn_rot.weight', [4]));
    await expect(planModel(gguf)).rejects.toMatchObject({ field: 'blk.0.attn_rot.weight' });
  });
});
