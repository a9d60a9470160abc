import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configFixture, ggufFixture, modelFixture, tensor } from '../../test/support/model-fixtures.js';
import { type Checkpoint, dequantize } from '../formats/index.js';
import {
  type ModelPlan,
  planModel,
  readWeight,
  readWeightBytes,
  type WeightName,
  weightShapes,
} from './index.js';

interface Model {
  readonly plan: ModelPlan;
  readonly checkpoint: Checkpoint;
}

async function fromConfig(name: string): Promise<Model> {
  const checkpoint = await modelFixture(name);
  return { checkpoint, plan: await planModel(checkpoint, await configFixture(name)) };
}

async function fromGguf(file: string): Promise<Model> {
  const checkpoint = await ggufFixture(file);
  return { checkpoint, plan: await planModel(checkpoint) };
}

/** Root mean square of the difference, divided by that of the expected values. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (const [i, value] of expected.entries()) {
    difference += (actual[i]! - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(difference / size);
}

describe('the weights of a GGUF', () => {
  // Rounding to b bits within a block costs about 2^-b of its spread; a wrong row order costs more than 1.
  it.each([
    ['llama', 'llama.F32.gguf', 0],
    ['llama', 'llama.F16.gguf', 0.001],
    ['llama', 'llama.BF16.gguf', 0.003],
    ['llama', 'llama.Q8_0.gguf', 0.01],
    ['llama', 'llama.Q5_0.gguf', 0.06],
    ['llama', 'llama.Q5_1.gguf', 0.06],
    ['llama', 'llama.Q4_0.gguf', 0.12],
    ['llama', 'llama.Q4_1.gguf', 0.12],
    ['qwen3', 'qwen3.F16.gguf', 0.001],
    ['gemma3', 'gemma3.Q8_0.gguf', 0.01],
  ] as const)('of the tiny %s are those of its safetensors (%s)', async (name, file, tolerance) => {
    const original = await fromConfig(name);
    const converted = await fromGguf(file);
    for (const [weight, shape] of weightShapes(original.plan.blueprint)) {
      const expected = await readWeight(original.plan, original.checkpoint, weight);
      const actual = await readWeight(converted.plan, converted.checkpoint, weight);
      expect(actual, weight).toHaveLength(shape.reduce((a, b) => a * b, 1));
      expect(relativeError(actual, expected), weight).toBeLessThanOrEqual(tolerance);
      if (tolerance === 0) expect(actual, weight).toEqual(expected);
    }
  });

  it.each(['llama.F32.gguf', 'llama.Q4_0.gguf', 'llama.Q5_1.gguf'])(
    'decode to the same numbers from the bytes kept as they are (%s)',
    async (file) => {
      const { plan, checkpoint } = await fromGguf(file);
      for (const weight of ['layers.1.query', 'layers.1.key', 'layers.1.gate', 'embedding'] as const) {
        const { type, shape, bytes } = await readWeightBytes(plan, checkpoint, weight);
        expect(shape).toEqual(weightShapes(plan.blueprint).get(weight));
        expect(dequantize(type, bytes)).toEqual(await readWeight(plan, checkpoint, weight));
      }
    },
  );
});

describe('reading a weight', () => {
  it('reorders interleaved rope pairs into two halves, in matrices and biases', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.integer({ min: 1, max: 3 })),
        async (heads, half, width) => {
          const headDim = 2 * half;
          const rows = heads * headDim;
          const columns = width ?? 1;
          // Row r of a head is stored at 2·(r mod half) + (r ≥ half). Every value states its canonical row.
          const stored = new Array<number>(rows * columns);
          for (let row = 0; row < rows; row += 1) {
            const r = row % headDim;
            const at = row - r + 2 * (r % half) + (r >= half ? 1 : 0);
            for (let c = 0; c < columns; c += 1) stored[at * columns + c] = row * columns + c;
          }
          const { plan, checkpoint } = single(
            'layers.0.query',
            width === null ? [rows] : [rows, width],
            stored,
            {
              interleavedHeads: heads,
            },
          );
          const values = await readWeight(plan, checkpoint, 'layers.0.query');
          expect([...values]).toEqual(stored.map((_, i) => i));
        },
      ),
    );
  });

  it('adds 1 to norms that need it, and refuses to return their bytes', async () => {
    const { plan, checkpoint } = single('finalNorm', [3], [0.5, -1, 0], { addOne: true });
    expect([...(await readWeight(plan, checkpoint, 'finalNorm'))]).toEqual([1.5, 0, 1]);
    await expect(readWeightBytes(plan, checkpoint, 'finalNorm')).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
    });
  });

  it('throws for a weight that the plan does not have', async () => {
    const { plan, checkpoint } = await fromConfig('llama');
    await expect(readWeight(plan, checkpoint, 'head')).rejects.toMatchObject({
      code: 'E_TENSOR_MISSING',
      field: 'head',
    });
  });
});

/** A plan of one weight. */
function single(
  name: WeightName,
  shape: readonly number[],
  values: readonly number[],
  ref: { readonly interleavedHeads?: number; readonly addOne?: boolean },
): Model {
  const plan: ModelPlan = {
    blueprint: {
      architecture: 'llama',
      vocabSize: 1,
      hiddenSize: 1,
      contextLength: 1,
      embeddingScale: 1,
      residualScale: 1,
      logitScale: 1,
      logitCap: null,
      normEpsilon: 1,
      tiedEmbeddings: true,
      layers: [],
    },
    weights: new Map([[name, { tensor: 'stored', ...ref }]]),
    unused: [],
    notes: [],
  };
  const tensors = new Map([['stored', tensor('stored', shape, values)]]);
  return { plan, checkpoint: { format: 'gguf', name: 'test', tensors, metadata: new Map() } };
}
