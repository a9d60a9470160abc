import { afterEach, expect, it, vi } from 'vitest';
import { planModel, tensorShapes } from '../../architectures/index.js';
import type { TensorInfo } from '../../formats/index.js';
import { sendNotesTo } from '../../notes.js';
import { decoderShape } from '../contract/index.js';
import type { Device } from './device.js';
import type { DeviceWeights } from './matrices.js';
import { compilePrograms, ON_A_GPU } from './programs.js';
import type { DeviceMatrix } from './upload.js';

const CONFIG = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', rms_norm_eps: 1e-5, rope_theta: 10_000 },
  ...{ hidden_act: 'silu', max_position_embeddings: 64, tie_word_embeddings: true, num_hidden_layers: 2 },
  ...{ hidden_size: 32, intermediate_size: 64, vocab_size: 96 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2 },
};

/**
 * Compiles the programs of a small model on a device that computes nothing.
 * @returns the names of the programs by their text
 */
async function compile(
  onProgram: () => void,
  onCompiled?: (done: number, total: number) => void,
): Promise<ReadonlyMap<string, string>> {
  const shapes = [...tensorShapes(CONFIG)];
  const tensors = new Map(
    shapes.map(([name, shape]) => [name, { name, shape, type: 'F16' } as unknown as TensorInfo]),
  );
  const checkpoint = { format: 'safetensors', name: 'config.json', tensors, metadata: new Map() } as const;
  const { blueprint } = await planModel(checkpoint, CONFIG);
  const matrix = (outputs: number, inputs: number): DeviceMatrix[] => [
    {
      outputs,
      inputs,
      column: 0,
      format: { kind: 'f32' },
      bias: null,
      scales: null,
      weight: {} as GPUBuffer,
    },
  ];
  const layer = {
    ...{ projections: matrix(64, 32), output: matrix(32, 32), down: matrix(32, 64) },
    ...{ gateAndUp: { both: matrix(128, 32) }, queryKeyNorms: null, norms: {} },
  };
  const weights = { layers: [layer, layer], head: matrix(96, 32) } as unknown as DeviceWeights;
  const names = new Map<string, string>();
  const device = {
    subgroupOf: () => null,
    async program(name: string, code: string) {
      names.set(code, name);
      await new Promise((resolve) => setImmediate(resolve));
      onProgram();
      return { name };
    },
  } as unknown as Device;
  await compilePrograms(device, blueprint, decoderShape(blueprint), weights, ON_A_GPU, 64, onCompiled);
  return names;
}

afterEach(() => vi.restoreAllMocks());

it('reports the progress of all programs that the device compiles', async () => {
  const reports: (readonly [number, number])[] = [];
  const names = await compile(
    () => {},
    (...report) => reports.push(report),
  );
  expect([...names.values()]).toEqual(expect.arrayContaining(['norm', 'head', 'weigh', 'rank', 'pick']));
  const total = names.size;
  expect(reports).toEqual(Array.from({ length: total + 1 }, (_, done) => [done, total]));
});

it('tells a note if that takes long and nobody else receives the progress', async () => {
  const notes: string[] = [];
  sendNotesTo((note) => notes.push(note));
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const names = await compile(() => {
    nowMs = 1500;
  });
  expect(notes).toEqual([`compiling programs for the GPU: 1 of ${names.size} after 1.5 s`]);
});
