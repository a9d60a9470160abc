import { expect, it } from 'vitest';
import { type Blueprint, planModel, tensorShapes } from '../../src/architectures/index.js';
import { decoderShape } from '../../src/executors/contract/index.js';
import type { Device } from '../../src/executors/gpu/device.js';
import { ON_A_GPU } from '../../src/executors/gpu/index.js';
import type { DeviceWeights } from '../../src/executors/gpu/matrices.js';
import { Pace } from '../../src/executors/gpu/pace.js';
import type { Packed } from '../../src/executors/gpu/pack.js';
import { rowsOfPasses } from '../../src/executors/gpu/pass-buffers.js';
import { PassRunner } from '../../src/executors/gpu/pass-runner.js';
import { compilePrograms } from '../../src/executors/gpu/programs.js';
import { GpuSequence } from '../../src/executors/gpu/sequence.js';
import { stacked, uploadMatrix, uploadPair } from '../../src/executors/gpu/upload.js';
import type { ForwardRequest, ForwardResult } from '../../src/executors/index.js';
import type { TensorInfo } from '../../src/formats/index.js';

/**
 * What WebGPU guarantees, and some adapters in Safari and Firefox do not exceed. Passes of real sizes must fit, on a device
 * that computes nothing. `kernel-compilers.test.ts` checks what a program itself needs.
 */
const LARGEST_BINDING = 128 * 2 ** 20;
const LARGEST_BUFFER = 256 * 2 ** 20;
const MOST_GROUPS = 65_535;
const MOST_INVOCATIONS = 256;

const sizes = (hidden: number, mlp: number, heads: number, kvHeads: number, vocab: number) => ({
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', rms_norm_eps: 1e-5, rope_theta: 10_000 },
  ...{
    hidden_act: 'silu',
    max_position_embeddings: 131_072,
    tie_word_embeddings: true,
    num_hidden_layers: 2,
  },
  ...{ hidden_size: hidden, intermediate_size: mlp, vocab_size: vocab },
  ...{ num_attention_heads: heads, num_key_value_heads: kvHeads },
});
const MODELS = {
  '135M': sizes(576, 1536, 9, 3, 49_152),
  '.5B, whose head is larger than a binding': sizes(896, 4864, 14, 2, 151_936),
  '8B': sizes(4096, 14_336, 32, 8, 128_256),
};

function device(seen: { largest: number; groups: number; invocations: number }): Device {
  const storage = (what: string, content: number | ArrayBufferView): object => {
    const size = typeof content === 'number' ? content : content.byteLength;
    expect(size, what).toBeLessThanOrEqual(LARGEST_BINDING);
    seen.largest = Math.max(seen.largest, size);
    return { size };
  };
  const pass = {
    setPipeline() {},
    setBindGroup() {},
    end() {},
    dispatchWorkgroups(...grid: number[]) {
      expect(Math.max(...grid)).toBeLessThanOrEqual(MOST_GROUPS);
      seen.groups = Math.max(seen.groups, ...grid);
    },
  };
  return {
    largest: LARGEST_BINDING,
    lost: null,
    subgroupOf: () => null,
    allocate: async (_: string, work: () => unknown) => work(),
    storage,
    uniform: () => ({ size: 16 }),
    readable(what: string, bytes: number) {
      expect(bytes, what).toBeLessThanOrEqual(LARGEST_BUFFER);
      return { size: bytes };
    },
    write() {},
    free() {},
    async program(name: string, code: string) {
      const invocations = Number(/@workgroup_size\((\d+)\)/.exec(code)![1]);
      expect(invocations, name).toBeLessThanOrEqual(MOST_INVOCATIONS);
      seen.invocations = Math.max(seen.invocations, invocations);
      return { name };
    },
    bind: () => ({}),
    async submit(record: (encoder: object) => void) {
      record({ beginComputePass: () => pass, copyBufferToBuffer() {} });
      return null;
    },
    finished: async () => null,
    map: async () => null,
    read: async (_: object, bytes: number) => new ArrayBuffer(bytes),
    assertDone: async () => {},
  } as unknown as Device;
}

async function weightsOf(on: Device, blueprint: Blueprint): Promise<DeviceWeights> {
  const { hiddenSize, vocabSize } = blueprint;
  // Nothing reads the bytes, so they take no memory.
  const packed = (outputs: number, inputs: number): Packed => ({
    ...{ outputs, inputs, form: 'q8', bias: null },
    format: { kind: 'blocks', bits: 8, blockSize: 32, scales: 'f32' },
    weight: new Uint8Array(outputs * inputs),
    scales: new Float32Array((outputs * inputs) / 32),
  });
  const matrix = (outputs: number, inputs: number) =>
    uploadMatrix(on, 'a matrix', stacked([packed(outputs, inputs)]), 0);
  const norm = on.storage('a norm', 4 * hiddenSize);
  const layers = blueprint.layers.map(async ({ attention: { heads, kvHeads, headDim }, mlp }) => ({
    projections: await matrix((heads + 2 * kvHeads) * headDim, hiddenSize),
    output: await matrix(hiddenSize, heads * headDim),
    gateAndUp: {
      both: await uploadPair(on, 'gate, up', packed(mlp.size, hiddenSize), packed(mlp.size, hiddenSize)),
    },
    down: await matrix(hiddenSize, mlp.size),
    queryKeyNorms: null,
    norms: { attentionNorm: norm, mlpNorm: norm },
  }));
  return {
    layers: await Promise.all(layers),
    finalNorm: norm,
    head: await matrix(vocabSize, hiddenSize),
    embedding: { read() {} },
    forms: 'q8',
  } as unknown as DeviceWeights;
}

it.each(Object.entries(MODELS))(
  'buffers and dispatches of %s are within what every browser has',
  async (_, config) => {
    const tensors = new Map(
      [...tensorShapes(config)].map(([name, shape]) => [
        name,
        { name, shape, type: 'F16' } as unknown as TensorInfo,
      ]),
    );
    const checkpoint = { format: 'safetensors', name: 'config.json', tensors, metadata: new Map() } as const;
    const { blueprint } = await planModel(checkpoint, config);
    const shape = decoderShape(blueprint);
    const seen = { largest: 0, groups: 0, invocations: 0 };
    const on = device(seen);
    const weights = await weightsOf(on, blueprint);
    const rows = rowsOfPasses(blueprint, shape, ON_A_GPU.rows, on.largest);
    const programs = await compilePrograms(on, blueprint, shape, weights, ON_A_GPU, rows);
    const runner = new PassRunner(on, blueprint, shape, weights, programs, rows, new Pace());
    const spans = Array.from({ length: 42 }, (_, span) => ({ start: 90 * span, end: 90 * span + 80 }));
    const intervention = {
      target: [{ start: 5, end: 700 }],
      policy: 'split-softmax',
      strength: new Float32Array(shape.layers * shape.heads).fill(0.5),
    } as const;
    for (const past of [4000, 131_072 - 600]) {
      for (const [tokens, logits, taps] of [
        [512, 'all', {}],
        [512, 'last', { attention: [0], hidden: [1] }],
        [5, 'last', {}],
        [1, 'last', {}],
      ] as const) {
        const sequence = new GpuSequence({}, on, shape, 131_072);
        sequence.extend(past);
        const request: ForwardRequest = {
          ...{ sequence, tokens: Array<number>(tokens).fill(3), logits, spans, intervention, taps },
        };
        const most = runner.rowsOf(request, past)();
        const result = {} as ForwardResult;
        const input = { request, sequence, row: 0, result, profiler: null, check() {} };
        const started = await runner.start({ ...input, tokens: request.tokens.slice(0, most) });
        // There is no place for results.
        await started.results.catch(() => undefined);
      }
    }
    expect(seen.invocations).toBe(MOST_INVOCATIONS);
    expect(seen.groups).toBeGreaterThan(1000);
    expect(seen.largest).toBeGreaterThan(2 ** 20);
  },
);
