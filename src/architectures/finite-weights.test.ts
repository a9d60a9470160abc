import { expect, it } from 'vitest';
import {
  configFixture,
  ggufFixture,
  modelFixture,
  tensor,
  withTensors,
} from '../../test/support/model-fixtures.js';
import { type Checkpoint, memorySource, readTensor, type TensorInfo } from '../formats/index.js';
import { planModel, readWeight, readWeightBytes, requireFiniteWeights } from './index.js';

/** Returns the checkpoint with some bytes of a tensor replaced. */
async function damaged(
  checkpoint: Checkpoint,
  name: string,
  at: number,
  bytes: number[],
): Promise<Checkpoint> {
  const info = checkpoint.tensors.get(name)!;
  const stored = (await readTensor(info)).slice();
  stored.set(bytes, at);
  const changed: TensorInfo = { ...info, source: memorySource(stored, 'damaged'), offset: 0 };
  return withTensors(checkpoint, (tensors) => tensors.set(name, changed));
}

const F16_INFINITY = [0x00, 0x7c];
const F32_NAN = [0, 0, 0xc0, 0x7f];

it('accepts the weights of sound files', async () => {
  for (const file of ['llama.Q4_0.gguf', 'llama.BF16.gguf', 'gemma3.Q8_0.gguf']) {
    const checkpoint = await ggufFixture(file);
    await requireFiniteWeights(await planModel(checkpoint), checkpoint);
  }
});

it('names the tensor, counts its values that are not finite, and locates the first', async () => {
  const row = 64 / 32;
  const block = 18;
  // Row 5 of the queries, its second block: 32 values.
  const checkpoint = await damaged(
    await ggufFixture('llama.Q4_0.gguf'),
    'blk.1.attn_q.weight',
    (5 * row + 1) * block,
    F16_INFINITY,
  );
  const plan = await planModel(checkpoint);
  const what =
    'tensor blk.1.attn_q.weight holds values that are NaN or infinite: 32 of 4096, the first at [5, 32] ' +
    '(damaged, field blk.1.attn_q.weight)';
  await expect(requireFiniteWeights(plan, checkpoint)).rejects.toMatchObject({ code: 'E_TENSOR_VALUE' });
  await expect(requireFiniteWeights(plan, checkpoint)).rejects.toThrow(what);
  // Both ways of reading the weight refuse it.
  await expect(readWeight(plan, checkpoint, 'layers.1.query')).rejects.toThrow(what);
  await expect(readWeightBytes(plan, checkpoint, 'layers.1.query')).rejects.toThrow(what);
  await readWeight(plan, checkpoint, 'layers.0.query');
});

it('counts the other tensors that hold such values', async () => {
  let checkpoint = await modelFixture('llama');
  for (const [name, at] of [
    ['model.norm.weight', 12],
    ['model.layers.0.mlp.up_proj.weight', 4 * 64 * 3],
    ['model.layers.2.mlp.up_proj.weight', 0],
  ] as const) {
    checkpoint = await damaged(checkpoint, name, at, F32_NAN);
  }
  const plan = await planModel(checkpoint, await configFixture('llama'));
  await expect(requireFiniteWeights(plan, checkpoint)).rejects.toThrow(
    'tensor model.layers.0.mlp.up_proj.weight holds values that are NaN or infinite: 1 of 6144, the first at [3, 0]; ' +
      '2 other tensors hold such values',
  );
});

it('locates a value in the rows of a stacked tensor', async () => {
  const name = 'model.layers.0.mlp.gate_up_proj.weight';
  const checkpoint = await modelFixture('phi3');
  const [rows, columns] = checkpoint.tensors.get(name)!.shape as [number, number];
  const last = await damaged(checkpoint, name, 4 * (rows * columns - 1), F32_NAN);
  const plan = await planModel(last, await configFixture('phi3'));
  await readWeight(plan, last, 'layers.0.gate');
  await expect(readWeight(plan, last, 'layers.0.up')).rejects.toThrow(
    `1 of ${rows * columns}, the first at [${rows - 1}, ${columns - 1}]`,
  );
});

it('does not read tensors that the model does not need', async () => {
  const nan = tensor('', [8], new Array(8).fill(Number.NaN));
  const checkpoint = withTensors(await modelFixture('llama'), (tensors) =>
    tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', nan),
  );
  await requireFiniteWeights(await planModel(checkpoint, await configFixture('llama')), checkpoint);
});
