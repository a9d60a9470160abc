import { HoldfastError } from '../../errors.js';
import type { Backend } from './backend.js';
import { FUSED, type GraphBuilder } from './graph-builder.js';
import { ELSEWHERE } from './library.js';
import { quantise, readTensor, writeTensor } from './memory.js';
import type { GgmlType, Value } from './tensor.js';

/** Rounding to f16 and the kernels' exponential allow this much. */
const TOLERANCE = 2e-3;

/** Bits of an f16. */
const ONE = 0x3c00;
const MINUS_INFINITY = 0xfc00;

/**
 * Computes a small graph and compares it with numbers that are known: a library that loads and has the right version may
 * still be built, or chosen, wrongly for this processor. Two keys are rotated and written into a cache of three, a query
 * sees both, also as one of many rows, and a block of Q8_0 is multiplied.
 * @throws HoldfastError `E_EXECUTOR`
 */
export async function checkKernels(backend: Backend): Promise<void> {
  const { ggml } = backend;
  const { builder: g, context } = backend.graph(64);
  const allocator = ggml.newAllocator(backend.bufferType);
  try {
    const writes: (() => void)[] = [];
    const written = (value: Value, data: NodeJS.ArrayBufferView): Value => {
      writes.push(() => writeTensor(ggml, value, data));
      return value;
    };
    const input: Input = (type, sizes, data) => written(g.input(type, ...sizes), data);
    const keys = input('F32', [4, 1, 2], Float32Array.from(KEYS.flat()));
    const positions = input('I32', [2], Int32Array.from(POSITIONS));
    const divisors = input('F32', [2], Float32Array.from(DIVISORS));
    const cache = input('F16', [4, 3], new Uint16Array(12));
    const places = written(g.indices('I64', 3, 2), BigInt64Array.of(2n, 0n));
    const query = input('F32', [4, 1], Float32Array.from(QUERY));
    const mask = input('F16', [3, 1], Uint16Array.of(0, MINUS_INFINITY, 0));
    const block = quantise(ggml, 'Q8_0', Float32Array.from(WEIGHTS), [1, 32]);
    const weights = input('Q8_0', [32, 1], block);
    const activations = input('F32', [32, 1], Float32Array.from(ACTIVATIONS));

    const rotation = { rotaryDim: 4, amplitude: 1, pairs: 'halves' } as const;
    const rotated = g.output(g.rope(keys, positions, divisors, rotation));
    const filled = g.setRows(cache, g.reshape(rotated, 4, 2), places);
    const shares = g.output(g.softmax(g.product(filled, query), mask, 0.5));
    const product = g.output(g.product(weights, activations));
    const fused = backend.isProcessor ? g.output(fusedShares(g, filled, input)) : null;
    backend.require(g.graph);
    if (!ggml.allocateGraph(allocator, g.graph)) throw new HoldfastError('E_EXECUTOR', 'memory is full');
    for (const write of writes) write();
    await backend.run(g.graph);
    const expected = KEYS.map((key, i) => rotate(key, POSITIONS[i]!));
    compare(backend, 'rope', rotated, expected.flat());
    compare(backend, 'softmax', shares, sharesOf(expected));
    if (fused !== null) {
      const empty = new Array<number>(FUSED.width - 3).fill(0);
      compare(backend, 'flash_attn_ext', fused, [...sharesOf(expected), ...empty]);
    }
    compare(backend, 'mul_mat', product, [dot(WEIGHTS, ACTIVATIONS)]);
  } finally {
    ggml.freeAllocator(allocator);
    context.free();
  }
}

/** Makes an input, and remembers what to write into it. */
type Input = (type: GgmlType, sizes: number[], data: NodeJS.ArrayBufferView) => Value;

/** The shares of the three places as the outputs of a fused kernel: value i has 1 in element i. */
function fusedShares(g: GraphBuilder, cache: Value, input: Input): Value {
  const { rows, width } = FUSED;
  const query = input(
    'F32',
    [4, rows],
    Float32Array.from({ length: 4 * rows }, (_, i) => QUERY[i % 4]!),
  );
  const identity = Uint16Array.from({ length: 3 * width }, (_, i) => (i % (width + 1) === 0 ? ONE : 0));
  const mask = Uint16Array.from({ length: 3 * rows }, (_, i) => (i % 3 === 1 ? MINUS_INFINITY : 0));
  const scoring = { scale: 0.5, scoreCap: null };
  return g.fusedAttention(
    query,
    cache,
    input('F16', [width, 3], identity),
    input('F16', [3, rows], mask),
    scoring,
  );
}

const KEYS = [
  [1, 2, -0.5, 0.25],
  [-1, 0.5, 1.5, -2],
] as const;
const POSITIONS = [1, 3];
const DIVISORS = [1, 4];
const QUERY = [1, -0.5, 0.75, 2];
/** Exact in 8 bits: the largest of a block is 127. */
const WEIGHTS = Array.from({ length: 32 }, (_, i) => 127 - 5 * i);
const ACTIVATIONS = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 127 - i : i - 64));

/** Turns pairs (x_i, x_(i+2)) by position / divisor. */
function rotate(x: readonly number[], position: number): number[] {
  const turned = [...x];
  for (const [i, divisor] of DIVISORS.entries()) {
    const [cos, sin] = [Math.cos(position / divisor), Math.sin(position / divisor)];
    turned[i] = x[i]! * cos - x[i + 2]! * sin;
    turned[i + 2] = x[i]! * sin + x[i + 2]! * cos;
  }
  return turned;
}

/** The weights of the cache's places: the second key is first, nothing is in the second place. */
function sharesOf([first, second]: readonly (readonly number[])[]): number[] {
  const [a, b] = [Math.exp(0.5 * dot(second!, QUERY)), Math.exp(0.5 * dot(first!, QUERY))];
  return [a / (a + b), 0, b / (a + b)];
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function compare(
  { ggml, variant }: Backend,
  operation: string,
  value: Value,
  expected: readonly number[],
): void {
  const found = new Float32Array(expected.length);
  readTensor(ggml, value, found);
  const bad = expected.findIndex((number, i) => !(Math.abs(found[i]! - number) <= TOLERANCE));
  if (bad < 0) return;
  throw new HoldfastError(
    'E_EXECUTOR',
    `ggml's library for ${variant} computes wrongly: ${operation} gives ${found[bad]}, not ${expected[bad]}`,
    { hint: ELSEWHERE },
  );
}
