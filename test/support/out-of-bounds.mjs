/**
 * Asks the room executors/ggml for what ggml would end the process for, or write where it should not. Prints a line for
 * each case: its name, and what refused it. Run in a process of its own, because a check that is missing ends it.
 */

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Backend } from '../../dist/executors/ggml/backend.js';
import { MappedFile } from '../../dist/executors/ggml/mapped-file.js';
import * as memory from '../../dist/executors/ggml/memory.js';
import { CacheArena } from '../../dist/executors/ggml/sequence.js';

const backend = Backend.open(1);
const { ggml } = backend;

/** A graph of one input of 4 × 2 numbers, with memory. */
function oneInput(type = 'F32') {
  const { builder } = backend.graph(4);
  const value = builder.input(type, 4, 2);
  ggml.allocateGraph(ggml.newAllocator(backend.bufferType), builder.graph);
  return value;
}

/** Describes operations of a graph that is never run. */
const described = (describe) => () => describe(backend.graph(16).builder);
const floats = (count) => new Float32Array(count);
const path = fileURLToPath(new URL('../fixtures/models/llama/config.json', import.meta.url));
const heads = { layers: 2, heads: 2, kvHeads: 1, headDim: 32, group: 2 };
const arena = (type = 'F16', capacity = 512) => new CacheArena(backend, heads, type, capacity);
const rotated = (g, divisors, positions = g.input('I32', 2)) =>
  g.rope(g.input('F32', 4, 1, 2), positions, divisors, { rotaryDim: 4, amplitude: 1, pairs: 'halves' });

const CASES = {
  'a write behind a tensor': () => memory.writeTensor(ggml, oneInput(), floats(8), 4),
  'a write before a tensor': () => memory.writeTensor(ggml, oneInput(), floats(1), -4),
  'a write into a tensor without memory': () =>
    memory.writeTensor(ggml, backend.context(1).tensor('F32', 4), floats(4)),
  'a read behind a tensor': () => memory.readTensor(ggml, oneInput(), floats(9)),
  'a read from between bytes': () => memory.readTensor(ggml, oneInput(), floats(1), 0.5),
  'a read of a tensor without memory': () =>
    memory.readTensor(ggml, backend.context(1).tensor('F32', 4), floats(4)),
  'zeros behind a tensor': () =>
    memory.zeroRows(ggml, oneInput(), { offset: 4, size: 16, stride: 16, count: 2 }),
  'zeros of rows that overlap': () =>
    memory.zeroRows(ggml, oneInput(), { offset: 0, size: 16, stride: 8, count: 2 }),
  'tokens behind a slot': () => arena().clear(0, 500, 513),
  'tokens of no slot': () => arena().clear(arena().slots, 0, 1),
  'an index of no row': () => {
    const { builder } = backend.graph(4);
    const indices = builder.indices('I32', 2, 3);
    ggml.allocateGraph(ggml.newAllocator(backend.bufferType), builder.graph);
    memory.writeTensor(ggml, indices, Int32Array.of(0, 1, 2));
  },
  'a long index of no row': () => {
    const { builder } = backend.graph(4);
    const indices = builder.indices('I64', 2 ** 33, 2);
    ggml.allocateGraph(ggml.newAllocator(backend.bufferType), builder.graph);
    memory.writeTensor(ggml, indices, BigInt64Array.of(2n ** 33n - 1n, 2n ** 33n));
  },
  'rows picked by indices of more rows': described((g) =>
    g.getRows(g.input('F32', 4, 2), g.indices('I32', 3, 1)),
  ),
  'rows picked by numbers that are no indices': described((g) =>
    g.getRows(g.input('F32', 4, 2), g.input('I32', 1)),
  ),
  'rows picked for more blocks than there are': described((g) =>
    g.getRows(g.input('F32', 4, 2), g.indices('I32', 2, 1, 1, 2)),
  ),
  'rows written by indices of more rows': described((g) =>
    g.setRows(g.input('F16', 4, 2), g.input('F32', 4, 1), g.indices('I64', 3, 1)),
  ),
  'rows written into integers': described((g) =>
    g.setRows(g.input('I32', 4, 2), g.input('F32', 4, 1), g.indices('I64', 2, 1)),
  ),
  'rows written into several blocks': described((g) =>
    g.setRows(g.input('F16', 4, 2, 1, 2), g.input('F32', 4, 1), g.indices('I64', 2, 1)),
  ),
  'a place behind a block': () => {
    const block = memory.allocateBlock(ggml, backend.bufferType, 64);
    memory.placeTensor(ggml, block, backend.context(1).tensor('F32', 16), 32);
  },
  'a second place': () => {
    const block = memory.allocateBlock(ggml, backend.bufferType, 256);
    const value = backend.context(1).tensor('F32', 16);
    memory.placeTensor(ggml, block, value, 0);
    memory.placeTensor(ggml, block, value, 64);
  },
  'a block of less than nothing': () => memory.allocateBlock(ggml, backend.bufferType, -1),
  'a block over memory that is not aligned': () => memory.blockOver(ggml, 65n, 64, 'a block'),
  'bytes behind a mapped file': () => {
    const { size } = statSync(path);
    MappedFile.open(path, size).view(size - 4, 5);
  },
  'bytes before a mapped file': () => MappedFile.open(path, statSync(path).size).view(-64, 8),
  'a mapped file that is closed': () => {
    const file = MappedFile.open(path, statSync(path).size);
    file.dispose();
    file.view(0, 8);
  },
  'a matrix of more values than there are': () => memory.quantise(ggml, 'Q8_0', floats(32), [2, 32]),
  'a matrix of parts of blocks': () => memory.quantise(ggml, 'Q8_0', floats(66), [2, 33]),
  'more tensors than there is room for': () => {
    const context = backend.context(1);
    for (let i = 0; i < 100; i++) context.tensor('F32', 1);
  },
  'a tensor of a negative size': () => backend.context(1).tensor('F32', -3),
  'a tensor of part of an element': () => backend.context(1).tensor('F32', 1.5),
  'a tensor of part of a block': () => backend.context(1).tensor('Q4_0', 33),
  'a tensor of more elements than can be counted': () => backend.context(1).tensor('F32', 2 ** 40, 2 ** 40),
  'a view behind a tensor': described((g) => g.view(g.input('F32', 4, 2), [4, 2], [16], 4)),
  'a view with rows of negative distance': described((g) => g.view(g.input('F32', 4, 2), [4, 2], [-16], 16)),
  'a view of quantised columns': described((g) => g.transposed(g.input('Q8_0', 32, 2))),
  'a copy of integers': described((g) => g.copy(g.input('I32', 4), g.input('F32', 4))),
  'a copy into blocks': described((g) => g.copy(g.input('F32', 32), g.input('Q8_0', 32))),
  'rotations by 16-bit divisors': described((g) => rotated(g, g.input('F16', 2))),
  'rotations by too few divisors': described((g) => rotated(g, g.input('F32', 1))),
  'rotations of several batches of positions': described((g) =>
    rotated(g, g.input('F32', 2), g.input('I32', 2, 2)),
  ),
  'a norm with a negative epsilon': described((g) => g.rmsNorm(g.input('F32', 4), -1)),
  'a norm without an epsilon': described((g) => g.rmsNorm(g.input('F32', 4), Number.NaN)),
  'a gate of another type': described((g) => g.swiglu(g.input('F32', 4), g.input('F16', 4))),
  'a product with integers': described((g) => g.product(g.input('I32', 4, 2), g.input('F32', 4))),
  'a product of other lengths': described((g) => g.product(g.input('F32', 4, 2), g.input('F32', 5))),
  'fused attention to quantised keys': described((g) =>
    g.fusedAttention(
      ...[g.input('F32', 32, 64, 1), g.input('Q8_0', 32, 64, 1), g.input('Q8_0', 32, 64, 1)],
      ...[g.input('F16', 64, 64), { scale: 1, scoreCap: null }],
    ),
  ),
};

for (const [name, run] of Object.entries(CASES)) {
  process.stdout.write(`${name}: `);
  try {
    run();
    console.log('done');
  } catch (error) {
    console.log(`${error.constructor === Error ? 'refused' : 'broken'}: ${error.message}`);
  }
}
