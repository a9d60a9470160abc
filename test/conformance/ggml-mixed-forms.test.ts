import { describe, expect, it } from 'vitest';
import { Backend } from '../../src/executors/ggml/backend.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import { linear } from '../../src/executors/ggml/linear.js';
import { loadWeights, type Matrix } from '../../src/executors/ggml/weights.js';
import { BLOCK_LAYOUTS, dequantize, readTensor, type TensorType } from '../../src/formats/index.js';
import { mixedModel } from '../support/mixed-model.js';
import { randomModel } from '../support/random-model.js';
import { expectClose, spread } from './compare.js';
import { mixedForms } from './mixed-forms.js';

// At f32 the weights are decoded, so nothing is rounded.
mixedForms('cpu at f32', ({ plan, checkpoint }) =>
  createGgmlExecutor(plan, checkpoint, { precision: 'f32', threads: 1 }),
);

/**
 * At `auto` the kernels round activations: to 8 bits in blocks for quantised weights, by at most half a step of 1/127 of
 * a block's largest; to the weights' own type for floats. Bounds of the relative RMS error, larger than what that gives.
 */
const ROUNDING: Readonly<Partial<Record<TensorType, number>>> = { F32: 1e-6, F16: 5e-4, BF16: 4e-3 };
const IN_8_BITS = 1e-2;

async function productOf(backend: Backend, matrix: Matrix, input: Float32Array): Promise<Float32Array> {
  const { ggml } = backend;
  const { builder, context } = backend.graph(32);
  const allocator = ggml.newAllocator(backend.bufferType);
  const x = builder.input('F32', matrix.inputs, input.length / matrix.inputs);
  const y = builder.output(linear(builder, x, matrix));
  expect(ggml.allocateGraph(allocator, builder.graph)).toBe(true);
  ggml.set(x.tensor, input, 0, input.byteLength);
  await backend.run(builder.graph, undefined);
  const output = new Float32Array((input.length / matrix.inputs) * matrix.outputs);
  ggml.get(y.tensor, output, 0, output.byteLength);
  ggml.freeAllocator(allocator);
  context.free();
  return output;
}

describe('a product of ggml', () => {
  const types = (Object.keys(BLOCK_LAYOUTS) as TensorType[]).filter((type) => type !== 'I64');
  it.each(types)(
    'with %s is that of the values they stand for, but for the rounding of activations',
    async (type) => {
      const mix = { q: type, k: type, v: type, o: type, gate: type, up: type, down: type };
      const { plan, checkpoint } = await mixedModel(mix);
      const backend = Backend.open(1);
      const weights = await loadWeights(backend, plan, checkpoint, 'auto', false);
      const { down, output } = weights.layers[0]!;
      for (const [matrix, name] of [
        [down, 'mlp.down_proj'],
        [output, 'self_attn.o_proj'],
      ] as const) {
        const info = checkpoint.tensors.get(`model.layers.0.${name}.weight`)!;
        const values = dequantize(type, await readTensor(info));
        for (const rows of [1, 2, 5, 17]) {
          const input = Float32Array.from({ length: rows * matrix.inputs }, (_, i) => Math.sin(i * i + rows));
          const found = await productOf(backend, matrix, input);
          let [error, size] = [0, 0];
          for (const [i, value] of found.entries()) {
            const [row, out] = [Math.floor(i / matrix.outputs), i % matrix.outputs];
            let expected = 0;
            for (let k = 0; k < matrix.inputs; k++) {
              expected += values[out * matrix.inputs + k]! * input[row * matrix.inputs + k]!;
            }
            error += (value - expected) ** 2;
            size += expected ** 2;
          }
          expect(Math.sqrt(error / size), `${name}, ${rows} rows`).toBeLessThan(ROUNDING[type] ?? IN_8_BITS);
        }
      }
      weights.dispose();
      backend.dispose();
    },
  );

  // ggml's kernels for AMX add to numbers that they have not set to zero.
  it.each(['q8', 'q4'] as const)(
    'of rows of one block is the same for many rows and for one, at %s',
    async (precision) => {
      const { plan, checkpoint } = await randomModel('llama', { hidden_size: 32 });
      const backend = Backend.open(1);
      const weights = await loadWeights(backend, plan, checkpoint, precision, false);
      const { gateUp, down } = weights.layers[0]!;
      const [matrix] = gateUp;
      expect(matrix!.inputs).toBe(32);
      const input = Float32Array.from({ length: 100 * 32 }, (_, i) => Math.sin(i * i));
      // Another product leaves its numbers where these are added up.
      await productOf(
        backend,
        down,
        Float32Array.from({ length: 100 * down.inputs }, (_, i) => 50 * Math.cos(i)),
      );
      const many = await productOf(backend, matrix!, input);
      for (let row = 0; row < 100; row++) {
        const one = await productOf(backend, matrix!, input.slice(32 * row, 32 * row + 32));
        const { outputs } = matrix!;
        expectClose(many.subarray(row * outputs, (row + 1) * outputs), one, 1e-5 * spread(one), `row ${row}`);
      }
      weights.dispose();
      backend.dispose();
    },
  );
});
