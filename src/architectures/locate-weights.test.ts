import { describe, expect, it } from 'vitest';
import {
  configFixture,
  ggufFixture,
  modelFixture,
  tensor,
  withTensors,
} from '../../test/support/model-fixtures.js';
import type { TensorInfo } from '../formats/index.js';
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
  it('is the embedding if config.json says so, even if the file stores a head', async () => {
    const plan = await planWith('llama', add('lm_head.weight', [512, 64]));
    expect(plan.blueprint.tiedEmbeddings).toBe(true);
    expect(plan.weights.has('head')).toBe(false);
  });

  it('is separate if config.json says so, and is then required', async () => {
    const untied = { tie_word_embeddings: false };
    const plan = await planWith('llama', add('lm_head.weight', [512, 64]), untied);
    expect(plan.weights.get('head')).toEqual({ tensor: 'lm_head.weight' });
    await expect(planWith('llama', () => {}, untied)).rejects.toMatchObject({ code: 'E_TENSOR_MISSING' });
  });

  it('depends on what the file stores if config.json does not say', async () => {
    const silent = { tie_word_embeddings: undefined };
    expect((await planWith('llama', () => {}, silent)).blueprint.tiedEmbeddings).toBe(true);
    expect((await planWith('mistral', () => {}, silent)).blueprint.tiedEmbeddings).toBe(false);
  });

  it('is output.weight in a GGUF, and the embedding without it', async () => {
    const gguf = await ggufFixture('llama.F32.gguf');
    expect((await planModel(gguf)).blueprint.tiedEmbeddings).toBe(true);
    const plan = await planModel(withTensors(gguf, add('output.weight', [512, 64])));
    expect(plan.weights.get('head')).toEqual({ tensor: 'output.weight' });
  });
});
