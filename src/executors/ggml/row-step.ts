import type { Backend } from './backend.js';
import { readTensor, writeTensor } from './memory.js';
import type { Value } from './tensor.js';

/** Numbers of rows to compare: the kernels of ggml change between them. */
const ROW_COUNTS = [1, 2, 3, 4, 5, 7, 8, 12, 16, 33, 48];

/** Multiples of rows that a kernel may need, the smallest first. */
const STEPS = [1, 2, 4, 8, 16] as const;

/**
 * Finds the least number of rows in whose multiples a product gives every row the same bits, whatever the others are.
 * ggml has kernels for one row and for several, which may add in another order, so this asks the kernels: one input in
 * every row must give one output in every row, for all numbers of rows.
 * @param weight `[inputs, outputs]`
 * @returns 16 if no number will do
 */
export async function rowStepOf(backend: Backend, weight: Value): Promise<number> {
  const [inputs, outputs] = weight.shape;
  // Blocks of different sizes: sums of numbers of one size may be exact, and so the same in any order.
  const input = Float32Array.from({ length: inputs }, (_, i) => Math.sin(i * i + 1) * sizeOf(i));
  const expected = (await productOf(backend, weight, input, Math.max(...ROW_COUNTS))).subarray(0, outputs);
  const fits = new Map<number, boolean>();
  for (const rows of ROW_COUNTS) {
    const bits = await productOf(backend, weight, input, rows);
    fits.set(
      rows,
      bits.every((value, i) => value === expected[i % outputs]),
    );
  }
  const holds = (step: number): boolean =>
    ROW_COUNTS.every((rows) => rows % step !== 0 || fits.get(rows) === true);
  return STEPS.find(holds) ?? STEPS.at(-1)!;
}

const sizeOf = (element: number): number => 4 ** (Math.floor(element / 32) % 4);

/** The bits of the outputs for one input in all rows, `[rows, outputs]`. */
async function productOf(
  backend: Backend,
  weight: Value,
  input: Float32Array,
  rows: number,
): Promise<Int32Array> {
  const { ggml } = backend;
  const { builder, context } = backend.graph(8);
  const allocator = ggml.newAllocator(backend.bufferType);
  try {
    const x = builder.input('F32', weight.shape[0], rows);
    const y = builder.output(builder.product(weight, x));
    backend.require(builder.graph);
    if (!ggml.allocateGraph(allocator, builder.graph)) throw new Error('no memory for a product');
    for (let row = 0; row < rows; row++) {
      writeTensor(ggml, x, input, row * input.byteLength);
    }
    await backend.run(builder.graph);
    const results = new Int32Array(weight.shape[1] * rows);
    readTensor(ggml, y, results);
    return results;
  } finally {
    ggml.freeAllocator(allocator);
    context.free();
  }
}
