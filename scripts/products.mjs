// Times matrix products with one row and with 64 rows for each stored type, compared with the same matrix in f32. This shows whether a
// type takes a slow path.
//
//     npm run products            [-- --executor gpu] [--rounds 5] [--outputs 3072] [--inputs 768]
//
// On a software GPU, `--executor gpu --outputs 768` takes two minutes.
//
// The blocks of test/fixtures/quant are repeated, since the cost of a product does not depend on the values. Eight matrices are multiplied
// in turn, so that none stays in a near cache. Types are timed in turn, round after round; a cell is the median in microseconds per
// product.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { openDawn } from '../dist/dawn.js';
import { encodeWeight, formName } from '../dist/executors/contract/precision.js';
import { Device } from '../dist/executors/gpu/device.js';
import { packMatrix } from '../dist/executors/gpu/pack.js';
import { ON_A_GPU, ON_A_PROCESSOR } from '../dist/executors/gpu/programs.js';
import { Graph } from '../dist/executors/onnx/graph.js';
import { Activation, applyLinear } from '../dist/executors/onnx/linear.js';
import { BLOCK_LAYOUTS, byteLengthOf } from '../dist/formats/index.js';
import { linear, OUTPUT_GROUPS, outputsPerGroup } from '../dist/kernels/linear.js';
import { linearTiled, tileOf } from '../dist/kernels/linear-tiled.js';
import { textTable } from '../dist/report/index.js';
import { median } from '../dist/statistics/index.js';

const { values } = parseArgs({
  options: {
    executor: { type: 'string', default: 'onnx' },
    rounds: { type: 'string', default: '5' },
    outputs: { type: 'string', default: '3072' },
    inputs: { type: 'string', default: '768' },
  },
});
const [outputs, inputs, rounds] = [values.outputs, values.inputs, values.rounds].map(Number);
const COPIES = 8;
const ROWS = [1, 64];
const THREADS = 2;
const TYPES = Object.keys(BLOCK_LAYOUTS).filter((type) => type !== 'I64');

/** Returns a matrix of a type, `[outputs, inputs]`. */
function storedOf(type) {
  const bytes = new Uint8Array(byteLengthOf(type, outputs * inputs));
  // There is no fixture for F32.
  const blocks =
    type === 'F32'
      ? new Uint8Array(Float32Array.from({ length: 509 }, (_, i) => Math.sin(i)).buffer)
      : readFileSync(new URL(`../test/fixtures/quant/${type}.bin`, import.meta.url));
  for (let at = 0; at < bytes.length; at += blocks.length) {
    bytes.set(blocks.subarray(0, bytes.length - at), at);
  }
  return { type, shape: [outputs, inputs], bytes };
}

const activations = (rows) => Float32Array.from({ length: rows * inputs }, (_, i) => Math.cos(i));

/** Returns a function that multiplies all copies once with a number of rows, and the form in which the weights are held. */
async function onOnnx(stored) {
  const matrix = encodeWeight(stored, 'auto');
  const graph = new Graph();
  const x = new Activation(graph, graph.input('x', 'float32', [1, 'rows', inputs]), inputs);
  const products = Array.from({ length: COPIES }, (_, copy) =>
    applyLinear(`weight ${copy}`, x, { ...matrix, bias: null }),
  );
  // Fetch only the last number of each row, to leave copying out of the time.
  const ends = products.map((y) => graph.op('Gather', [y, graph.integers(outputs - 1)], { axis: 2 }));
  graph.output(graph.named('y', graph.op('Sum', ends)), 'float32', [1, 'rows', 1]);
  const { proto, weights } = graph.build();
  const session = await InferenceSession.create(proto, {
    externalData: [...weights],
    intraOpNumThreads: THREADS,
  });
  const run = (rows) => session.run({ x: new Tensor('float32', activations(rows), [1, rows, inputs]) });
  return { form: formName(matrix), run };
}

async function onGpu(stored) {
  const device = await Device.open(await openDawn());
  const { format, form, weight, scales } = packMatrix(stored, 'auto');
  const { threads, lanes, subgroups } = device.found.isSoftware ? ON_A_PROCESSOR : ON_A_GPU;
  const subgroup = subgroups ? device.subgroupOf(threads) : null;
  const kernel = {
    ...{ format, inputs, outputs, columns: outputs, column: 0, into: 'store', bias: false },
    ...{ scale: 1, cap: null, lanes, threads, subgroup, normEpsilon: null },
  };
  const runs = new Map();
  const matrices = await device.allocate('matrices', () =>
    Array.from({ length: COPIES }, () => [
      device.storage('a matrix', weight),
      ...(scales === null ? [] : [device.storage('its scales', new Uint8Array(scales.buffer))]),
    ]),
  );
  for (const rows of ROWS) {
    const single = rows === 1;
    const program = await device.program('product', single ? linear(kernel) : linearTiled(kernel));
    const [pass, x, y] = await device.allocate('rows', () => [
      device.uniform(Uint32Array.of(rows, 0, 0, 0, 0, 0, 0, 0)),
      device.storage('x', activations(rows)),
      device.storage('y', 4 * rows * outputs),
    ]);
    const groups = matrices.map((buffers) =>
      device.bind(program, [...(single ? [] : [pass]), x, ...buffers, y]),
    );
    const count = Math.ceil(outputs / outputsPerGroup(kernel));
    const tile = tileOf(kernel);
    const grid = single
      ? [Math.min(count, OUTPUT_GROUPS), 1, Math.ceil(count / OUTPUT_GROUPS)]
      : [Math.ceil(rows / tile.rows), Math.ceil(outputs / tile.outputs), 1];
    runs.set(rows, async () => {
      const refused = await device.submit((encoder) => {
        const recorded = encoder.beginComputePass();
        recorded.setPipeline(program.pipeline);
        for (const group of groups) {
          recorded.setBindGroup(0, group);
          recorded.dispatchWorkgroups(...grid);
        }
        recorded.end();
      });
      if (refused !== null) throw new Error(refused);
      await device.finished();
    });
  }
  return { form, run: (rows) => runs.get(rows)() };
}

const subjects = new Map();
for (const type of TYPES) {
  subjects.set(type, await (values.executor === 'gpu' ? onGpu : onOnnx)(storedOf(type)));
}
const times = new Map(TYPES.flatMap((type) => ROWS.map((rows) => [`${type} ${rows}`, []])));
// The first round is a warm-up.
for (let round = 0; round <= rounds; round++) {
  for (const [type, { run }] of subjects) {
    for (const rows of ROWS) {
      await run(rows);
      const start = performance.now();
      await run(rows);
      if (round > 0) times.get(`${type} ${rows}`).push(((performance.now() - start) * 1000) / COPIES);
    }
  }
}
const medians = (type) => ROWS.map((rows) => median(times.get(`${type} ${rows}`)));
const plain = medians('F32');
const rows = TYPES.map((type) => {
  const own = medians(type);
  const cells = own.flatMap((us, at) => [us.toFixed(0), (us / plain[at]).toFixed(2)]);
  return [type, subjects.get(type).form, ...cells];
});
const heading = ['type', 'held', ...ROWS.flatMap((count) => [`${count} × µs`, '÷ F32'])];
process.stdout.write(`${textTable({ heading, rows, wordy: [1] }).join('\n')}\n`);
// Dawn and the runtime's threads would keep the process alive.
process.exit(0);
