import { type IntegerBlocks, packNibbles } from '../../formats/index.js';
import type { Matrix } from '../contract/index.js';
import { joined, runsOfOne } from '../contract/index.js';
import type { Graph, Value } from './graph.js';

/** A weight matrix with its bias. */
export interface Linear extends Matrix {
  /** `[outputs]`, or null. */
  readonly bias: Float32Array | null;
}

/** An activation, `[1, tokens, width]`, and the means over its blocks, which weights with offsets need. */
export class Activation {
  readonly #blockMeans = new Map<number, Value>();

  constructor(
    readonly graph: Graph,
    readonly value: Value,
    readonly width: number,
  ) {}

  /** Returns the means over blocks, `[1, tokens, width / blockSize]`. */
  blockMeans(blockSize: number): Value {
    let means = this.#blockMeans.get(blockSize);
    if (means === undefined) {
      const pool = { kernel_shape: [blockSize], strides: [blockSize] };
      means = this.graph.op('AveragePool', [this.value], pool);
      this.#blockMeans.set(blockSize, means);
    }
    return means;
  }
}

/** Applies several weights to one activation; returns one value `[1, tokens, outputs]` per weight. */
export function applyLinears(name: string, x: Activation, linears: readonly Linear[]): Value[] {
  if (runsOfOne(linears, formOf).length > 1)
    return linears.map((linear, i) => applyLinear(`${name}.${i}`, x, linear));
  const sizes = x.graph.integers(...linears.map(({ outputs }) => outputs));
  return x.graph.split(
    applyJoined(name, x, linears),
    sizes,
    linears.map(() => ''),
  );
}

/**
 * Applies several weights to one activation and concatenates the results. Consecutive weights of the same form are
 * stacked and run as one product; for each, this saves a pass over the activation and a call.
 */
export function applyJoined(name: string, x: Activation, linears: readonly Linear[]): Value {
  const runs = runsOfOne(linears, formOf);
  const products = runs.map((run, i) => applyLinear(`${name}.${i}`, x, stack(run)));
  return products.length === 1 ? products[0]! : x.graph.op('Concat', products, { axis: -1 });
}

/** Returns y = W·x + b. */
export function applyLinear(name: string, x: Activation, linear: Linear): Value {
  const { graph } = x;
  const { weight, outputs, inputs, bias } = linear;
  if (weight.kind === 'f32') {
    const matrix = graph.weight(name, 'float32', [outputs, inputs], weight.values);
    const product = graph.contrib('FusedMatMul', [x.value, matrix], { transB: 1, alpha: { float: 1 } })[0]!;
    return bias === null
      ? product
      : graph.op('Add', [product, graph.weight(`${name}.bias`, 'float32', [outputs], bias)]);
  }
  const { bits, blockSize, scales, offsets } = weight.blocks;
  const blocks = inputs / blockSize;
  const product = graph.contrib(
    'MatMulNBits',
    [
      x.value,
      graph.weight(name, 'uint8', [outputs, blocks, (blockSize * bits) / 8], packBlocks(weight.blocks)),
      graph.weight(`${name}.scales`, 'float32', [outputs, blocks], scales),
      ...(bias === null ? [] : ['', '', graph.weight(`${name}.bias`, 'float32', [outputs], bias)]),
    ],
    // Accuracy level 4: rounds each block of the activation to 8 bits, and multiplies integers.
    { K: inputs, N: outputs, bits, block_size: blockSize, accuracy_level: 4 },
  )[0]!;
  if (offsets === null) return product;
  // Σ_i (s·q_i + o)·x_i = s·Σ q_i·x_i + o·n·mean(x): the offsets multiply the means of the activation's blocks.
  const offsetMatrix = graph.weight(
    `${name}.offsets`,
    'float32',
    [blocks, outputs],
    offsetsByBlock(offsets, blocks, blockSize),
  );
  const means = x.blockMeans(blockSize);
  return graph.op('Add', [product, graph.op('MatMul', [means, offsetMatrix])]);
}

/** Multiplies offsets by the block size and transposes them to `[blocks, outputs]`, so that they are read in order. */
function offsetsByBlock(offsets: Float32Array, blocks: number, blockSize: number): Float32Array {
  const outputs = offsets.length / blocks;
  const out = new Float32Array(offsets.length);
  for (let row = 0; row < outputs; row++) {
    for (let block = 0; block < blocks; block++)
      out[block * outputs + row] = blockSize * offsets[row * blocks + block]!;
  }
  return out;
}

/** Stacks the outputs of weights of the same form. */
function stack(linears: readonly Linear[]): Linear {
  const first = linears[0]!;
  const outputs = linears.reduce((sum, linear) => sum + linear.outputs, 0);
  const bias = first.bias === null ? null : joined(linears.map((linear) => linear.bias!));
  const { weight } = first;
  if (weight.kind === 'f32') {
    const values = joined(linears.map((linear) => (linear.weight as typeof weight).values));
    return { outputs, inputs: first.inputs, weight: { kind: 'f32', values }, bias };
  }
  const blocks = linears.map((linear) => (linear.weight as typeof weight).blocks);
  return {
    outputs,
    inputs: first.inputs,
    weight: {
      kind: 'blocks',
      blocks: {
        bits: weight.blocks.bits,
        blockSize: weight.blocks.blockSize,
        quants: joined(blocks.map(({ quants }) => quants)),
        scales: joined(blocks.map(({ scales }) => scales)),
        offsets: weight.blocks.offsets === null ? null : joined(blocks.map(({ offsets }) => offsets!)),
      },
    },
    bias,
  };
}

function formOf({ weight, bias }: Linear): string {
  const biased = bias === null ? '' : ' biased';
  if (weight.kind === 'f32') return `f32${biased}`;
  const { bits, blockSize, offsets } = weight.blocks;
  return `${bits} bits of ${blockSize}${offsets === null ? '' : ' with offsets'}${biased}`;
}

/**
 * Packs quants for `MatMulNBits`: unsigned with zero at 2^(bits−1). At 4 bits, element 2i is the low nibble of byte i.
 */
export function packBlocks({ quants, bits }: IntegerBlocks): Uint8Array {
  if (bits === 4) return packNibbles(quants);
  const packed = new Uint8Array(quants.length);
  for (let i = 0; i < packed.length; i++) packed[i] = quants[i]! + 128;
  return packed;
}

/**
 * Reorders the data of query heads from (kvHeads, group) to (group, kvHeads).
 * @param headSize elements per head
 */
export function groupMajor<A extends Float32Array | Int8Array>(
  data: A,
  kvHeads: number,
  headSize: number,
): A {
  const group = data.length / headSize / kvHeads;
  const out = data.slice() as A;
  for (let kv = 0; kv < kvHeads; kv++) {
    for (let g = 0; g < group; g++) {
      const from = (kv * group + g) * headSize;
      out.set(data.subarray(from, from + headSize), (g * kvHeads + kv) * headSize);
    }
  }
  return out;
}

/** Reorders a weight's output heads from (kvHeads, group) to (group, kvHeads). */
export function groupMajorHeads(linear: Linear, kvHeads: number, headDim: number): Linear {
  const heads = linear.outputs / headDim;
  const reorder = <A extends Float32Array | Int8Array>(data: A): A =>
    groupMajor(data, kvHeads, data.length / heads);
  const { weight } = linear;
  const bias = linear.bias && reorder(linear.bias);
  if (weight.kind === 'f32')
    return { ...linear, bias, weight: { kind: 'f32', values: reorder(weight.values) } };
  const { quants, scales, offsets } = weight.blocks;
  const blocks = {
    ...weight.blocks,
    quants: reorder(quants),
    scales: reorder(scales),
    offsets: offsets && reorder(offsets),
  };
  return { ...linear, bias, weight: { kind: 'blocks', blocks } };
}
