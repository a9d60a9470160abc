import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linear } from '../../kernels/linear.js';
import { linearTiled, stagedInputs, tileOf } from '../../kernels/linear-tiled.js';
import {
  CENTRES,
  type MatrixFormat,
  type MatrixKernel,
  matricesOf,
  productWords,
} from '../../kernels/matrix.js';
import { Commands, encode } from '../../src/executors/gpu/commands.js';
import { Device } from '../../src/executors/gpu/device.js';
import { exactHalves } from '../../src/executors/gpu/halves.js';
import { ReadBack } from '../../src/executors/gpu/read-back.js';
import { Step } from '../../src/executors/gpu/step.js';
import { packNibbles } from '../../src/formats/index.js';
import { createRandom } from '../../src/random.js';
import { gpuName, hasNoFastGpu, openGpu } from '../support/gpu.js';
import { expectClose, spread } from './compare.js';

type Blocks = Extract<MatrixFormat, { kind: 'blocks' }>;

const blocks = (bits: 4 | 8, blockSize: 16 | 32, scales: Blocks['scales']): MatrixFormat => ({
  ...{ kind: 'blocks', bits, blockSize, scales },
});

interface Case {
  readonly format: MatrixFormat;
  readonly inputs: number;
  readonly outputs: number;
  readonly into: MatrixKernel['into'];
  readonly threads: number;
}

/** Inputs and outputs that fill neither tiles nor lanes, in every format, and every way in which y is written. */
const CASES: readonly Case[] = [
  { format: { kind: 'f32' }, inputs: 20, outputs: 5, into: 'store', threads: 8 },
  { format: { kind: 'f32' }, inputs: 68, outputs: 37, into: 'add', threads: 64 },
  { format: { kind: 'f16' }, inputs: 100, outputs: 33, into: 'silu', threads: 64 },
  { format: { kind: 'bf16' }, inputs: 44, outputs: 70, into: 'gelu-tanh', threads: 8 },
  { format: blocks(4, 32, 'f32'), inputs: 96, outputs: 41, into: 'silu-times-y', threads: 64 },
  { format: blocks(4, 16, 'f16'), inputs: 96, outputs: 9, into: 'add', threads: 8 },
  {
    format: blocks(4, 32, 'f32 and offset'),
    inputs: 160,
    outputs: 35,
    into: 'gelu-tanh-times-y',
    threads: 64,
  },
  { format: blocks(8, 16, 'f32 and offset'), inputs: 80, outputs: 6, into: 'silu', threads: 8 },
  { format: blocks(8, 32, 'f16'), inputs: 64, outputs: 130, into: 'store', threads: 256 },
  { format: blocks(4, 32, 'f16 and minimum'), inputs: 96, outputs: 21, into: 'add', threads: 64 },
  { format: blocks(8, 32, 'f16 and minimum'), inputs: 96, outputs: 13, into: 'silu', threads: 8 },
  { format: blocks(8, 16, 'products'), inputs: 512, outputs: 37, into: 'add', threads: 64 },
  { format: blocks(4, 32, 'products and minimum'), inputs: 256, outputs: 6, into: 'silu', threads: 64 },
  // Two matrices of 64 outputs leave workgroup memory for fewer inputs at once.
  { format: { kind: 'f32' }, inputs: 36, outputs: 66, into: 'silu', threads: 256 },
];

const activations = {
  silu: (v: number) => v / (1 + Math.exp(-v)),
  'gelu-tanh': (v: number) => 0.5 * v * (1 + Math.tanh(0.7978845608028654 * (v + 0.044715 * v ** 3))),
};

/** Returns random numbers, and weights of a format as kernels read them beside their values. */
function randomMatrix(format: MatrixFormat, outputs: number, inputs: number, random: () => number) {
  const values = Float64Array.from({ length: outputs * inputs }, () => random() * 2 - 1);
  if (format.kind === 'f32') {
    const weight = Float32Array.from(values);
    return { weight, scales: null, values: Float64Array.from(weight) };
  }
  if (format.kind === 'bf16') {
    const words = new Uint32Array(Float32Array.from(values).buffer).map((bits) => bits & 0xffff0000);
    const weight = new Uint8Array(Uint16Array.from(words, (bits) => bits >>> 16).buffer);
    return { weight, scales: null, values: Float64Array.from(new Float32Array(words.buffer)) };
  }
  if (format.kind !== 'blocks') {
    // Multiples of 2⁻⁸ from 1 to 2: the exponent is 0, and the mantissa counts them.
    const counts = Array.from(values, () => Math.floor(random() * 256));
    const weight = new Uint8Array(Uint16Array.from(counts, (count) => 0x3c00 | (count << 2)).buffer);
    return { weight, scales: null, values: Float64Array.from(counts, (count) => 1 + count / 256) };
  }
  const { bits, blockSize } = format;
  if (format.scales.startsWith('products')) return randomProducts(format, values, random);
  const offsets = format.scales.includes('and');
  const centre = format.scales === 'f16 and minimum' ? CENTRES[bits] : 0;
  const half = 2 ** (bits - 1);
  const quants = Int8Array.from(values, () => Math.floor(random() * 2 * half) - half);
  const scales = Float32Array.from(
    { length: (quants.length / blockSize) * (offsets ? 2 : 1) },
    // Numbers that f16 has.
    () => (1 + Math.floor(random() * 256) / 256) / half,
  );
  const weight = bits === 4 ? packNibbles(quants) : new Uint8Array(quants.buffer);
  const decoded = Float64Array.from(quants, (q, index) => {
    const block = Math.floor(index / blockSize);
    return offsets ? scales[2 * block]! * (q + centre) + scales[2 * block + 1]! : scales[block]! * q;
  });
  return { weight, scales: format.scales.startsWith('f16') ? exactHalves(scales)! : scales, values: decoded };
}

/** Returns the same for scales that are products: factors for 256 weights, then a byte for each block. */
function randomProducts(format: Blocks, at: Float64Array, random: () => number) {
  const { bits, blockSize } = format;
  const count = format.scales === 'products' ? 1 : 2;
  const words = productWords(format);
  const packed = new Uint32Array((at.length / 256) * words);
  const factors = new Float32Array(packed.buffer);
  const bytes = new Int8Array(packed.buffer);
  const half = 2 ** (bits - 1);
  const quants = Int8Array.from(at, () => Math.floor(random() * 2 * half) - half);
  for (let group = 0; group < at.length / 256; group++) {
    for (let i = 4 * count; i < 4 * words; i++) bytes[4 * group * words + i] = Math.floor(random() * 256);
    for (let i = 0; i < count; i++) factors[group * words + i] = (random() + 0.5) / half / 128;
  }
  const decoded = Float64Array.from(quants, (q, index) => {
    const first = Math.floor(index / 256) * words;
    const own = Math.floor((index % 256) / blockSize);
    const scale = factors[first]! * bytes[4 * (first + count) + own]!;
    if (count === 1) return scale * q;
    const minimum = factors[first + 1]! * bytes[4 * (first + count) + 256 / blockSize + own]!;
    return scale * (q + CENTRES[bits]) - minimum;
  });
  const weight = bits === 4 ? packNibbles(quants) : new Uint8Array(quants.buffer);
  return { weight, scales: packed, values: decoded };
}

describe.skipIf(hasNoFastGpu())(`products with matrices on ${gpuName}`, () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.open(await openGpu());
  });
  afterAll(() => device.dispose());

  it.each(CASES)(
    '$format.kind, $inputs to $outputs, $into, by $threads threads',
    async ({ format, inputs, outputs, into, threads }) => {
      const random = createRandom(inputs * outputs);
      const [columns, column, most] = [outputs + 7, 4, 70];
      const kernel = {
        ...{ format, inputs, outputs, columns, column, into, bias: true },
        ...{ scale: into === 'add' ? 0.5 : 1, cap: into === 'store' ? 3 : null },
      };
      const both = matricesOf(kernel).length;
      const { weight, scales, values } = randomMatrix(format, both * outputs, inputs, random);
      const x = Float32Array.from({ length: most * inputs }, () => random() * 2 - 1);
      const bias = Float32Array.from({ length: both * outputs }, () => random() * 2 - 1);
      const norms = Float32Array.from({ length: inputs }, () => random() + 0.5);
      const before = Float32Array.from({ length: most * columns }, () => random() * 2 - 1);

      const expected = (rows: number, input: ArrayLike<number> = x): Float32Array => {
        const y = before.slice();
        for (let row = 0; row < rows; row++) {
          const product = (output: number): number => {
            let sum = bias[output]!;
            for (let i = 0; i < inputs; i++) sum += input[row * inputs + i]! * values[output * inputs + i]!;
            return sum;
          };
          for (let output = 0; output < outputs; output++) {
            const at = row * columns + column + output;
            const sum = product(output);
            if (into === 'store') y[at] = 3 * Math.tanh(sum / 3);
            else if (into === 'add') y[at]! += 0.5 * sum;
            else if (into === 'silu' || into === 'gelu-tanh')
              y[at] = activations[into](sum) * product(outputs + output);
            else y[at]! *= activations[into === 'silu-times-y' ? 'silu' : 'gelu-tanh'](sum);
          }
        }
        return y;
      };

      const lanes = Math.min(32, threads / 2);
      const single = await Step.compile(
        device,
        'one',
        linear({ ...kernel, threads, lanes, subgroup: null, normEpsilon: null }),
      );
      const normed = await Step.compile(
        device,
        'normed',
        linear({ ...kernel, threads, lanes, subgroup: null, normEpsilon: 0.01 }),
      );
      const several = await Step.compile(device, 'several', linearTiled({ ...kernel, threads }));
      const tile = tileOf({ threads });
      expect(
        4 * stagedInputs({ ...kernel, threads }) * (tile.rows + both * tile.outputs),
      ).toBeLessThanOrEqual(16_384);
      const run = async (step: Step, rows: number): Promise<Float32Array> => {
        const made = await device.allocate('a product', () => ({
          pass: device.uniform(Uint32Array.of(rows, 0, 0, 0, 0, 0, 0, 0)),
          x: device.storage('x', x),
          weight: device.storage('W', weight),
          bias: device.storage('b', bias),
          ...(scales ? { scales: device.storage('scales', new Uint8Array(scales.buffer)) } : {}),
          y: device.storage('y', before),
          normWeights: device.storage('the norm', norms),
        }));
        let found = new Float32Array();
        const take = (floats: Float32Array): void => {
          found = floats.slice();
        };
        const open = await new ReadBack(device).open([{ buffer: made.y, words: before.length, take }]);
        const commands = new Commands();
        const grid = [Math.ceil(rows / tile.rows), Math.ceil(outputs / tile.outputs)] as const;
        const groups = Math.ceil(outputs / ((4 * threads) / lanes));
        const { pass, normWeights, ...own } = made;
        const buffers = Object.values(own);
        if (step === several) commands.run(step, made, [pass, ...buffers], grid);
        else commands.run(step, made, step === normed ? [...buffers, normWeights] : buffers, [groups]);
        open.record(commands);
        const refused = device.submit((encoder) => encode(commands.all, encoder));
        open.ended();
        await open.take(refused);
        return found;
      };
      const expectProduct = (found: Float32Array, rows: number, input: ArrayLike<number> = x): void => {
        const wanted = expected(rows, input);
        expectClose(found, wanted, 2e-6 * spread(wanted), `${rows} rows`);
      };
      expectProduct(await run(single, 1), 1);
      const squares = x.subarray(0, inputs).reduce((sum, value) => sum + value * value, 0);
      const factor = 1 / Math.sqrt(squares / inputs + 0.01);
      const row = Float64Array.from(norms, (weight, i) => x[i]! * factor * weight);
      expectProduct(await run(normed, 1), 1, row);
      const few = await run(several, 3);
      expectProduct(few, 3);
      const many = await run(several, most);
      expectProduct(many, most);
      // NaN shows, also behind a cap. It is not in the first row.
      const poisoned = many.slice();
      x[inputs] = Number.NaN;
      const nan = await run(several, most);
      for (let output = 0; output < outputs; output++) poisoned[columns + column + output] = Number.NaN;
      expect(nan).toEqual(poisoned);
      x[0] = Number.NaN;
      const written = (await run(single, 1)).subarray(column, column + outputs);
      expect(written.every(Number.isNaN)).toBe(true);
      // A row rounds alike, whichever rows are beside it.
      expect(few.slice(0, 3 * columns)).toEqual(many.slice(0, 3 * columns));
    },
  );
});
