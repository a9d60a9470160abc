import { BLOCK_LAYOUTS, type TensorType } from '../../formats/index.js';
import type { ComputeGraph, Context, Ggml, Tensor } from './bindings.js';

/** The types of tensors, by ggml's numbers (`enum ggml_type`). */
export const GGML_TYPES = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  IQ4_NL: 20,
  IQ4_XS: 23,
  I32: 26,
  I64: 27,
  BF16: 30,
  MXFP4: 39,
} as const satisfies Record<TensorType | 'I32', number>;

export type GgmlType = keyof typeof GGML_TYPES;

/** Sizes of a tensor, the innermost dimension first, as ggml counts them. */
export type Shape = readonly [number, number, number, number];

/** A tensor, with what TypeScript must know of it to check the next call. */
export interface Value {
  readonly tensor: Tensor;
  readonly type: GgmlType;
  readonly shape: Shape;
  /** Distance of neighbours along each dimension, in bytes. For a quantised type, the first is a block's size. */
  readonly strides: Shape;
  /** The tensor whose memory it shows, if it has none of its own. */
  readonly of?: Value;
}

/** Number of elements in a block of a type, and its bytes. */
export function blockOf(type: GgmlType): { readonly elements: number; readonly bytes: number } {
  return type === 'I32' ? { elements: 1, bytes: 4 } : BLOCK_LAYOUTS[type];
}

/** Returns the strides of a tensor without gaps. */
export function denseStrides(type: GgmlType, [n0, n1, n2]: Shape): Shape {
  const { elements, bytes } = blockOf(type);
  const row = (n0 / elements) * bytes;
  return [bytes, row, row * n1, row * n1 * n2];
}

/** Describes a new tensor without gaps. It has no memory until its context, or its graph, is allocated. */
export function newTensor(ggml: Ggml, context: Context, type: GgmlType, ...sizes: readonly number[]): Value {
  const shape = shapeOf(...sizes);
  const tensor = ggml.newTensor4d(context, GGML_TYPES[type], ...shape);
  return { tensor, type, shape, strides: denseStrides(type, shape) };
}

const shapeOf = (...sizes: readonly number[]): Shape => [
  sizes[0] ?? 1,
  sizes[1] ?? 1,
  sizes[2] ?? 1,
  sizes[3] ?? 1,
];

export const elementsOf = ([n0, n1, n2, n3]: Shape): number => n0 * n1 * n2 * n3;

/** The processor's kernel for fused attention takes at least this many rows, and values of a multiple of this width. */
export const FUSED = { rows: 64, width: 16 } as const;

/** Whether ggml has a fused kernel in f32: for fewer rows, or another width, it falls back to one in f16. */
export const canFuse = (rows: number, width: number): boolean =>
  rows >= FUSED.rows && width % FUSED.width === 0;

/** `GGML_PREC_F32` */
const PRECISE = 10;

/** How `rope` pairs the elements of a head: neighbours, or element i with i + rotaryDim/2. */
const ROPE_PAIRS = { neighbours: 0, halves: 2 } as const;

/**
 * Builds a graph of ggml operations. Every method checks shapes and types before it calls ggml, where a wrong one would
 * end the process. A failed check is a defect of this executor.
 */
export class GraphBuilder {
  readonly graph: ComputeGraph;
  /** Tensors with the memory of the outputs. */
  readonly outputs = new Set<Value>();
  #count = 0;

  /** @param context with room for one tensor more than `nodes`, so that the one too many is seen and ends nothing */
  constructor(
    private readonly ggml: Ggml,
    private readonly context: Context,
    private readonly nodes: number,
    /** Whether it runs on the processor. Other devices' operations on single elements take no operands with gaps. */
    private readonly onProcessor = true,
  ) {
    this.graph = ggml.newGraph(context, nodes, false);
  }

  /** A tensor that is written before each run. It stays in place between runs, so that a graph can run again. */
  input(type: GgmlType, ...sizes: readonly number[]): Value {
    const shape = shapeOf(...sizes);
    check(
      shape.every((size) => Number.isSafeInteger(size) && size > 0),
      'an input',
      shape,
    );
    const tensor = this.ggml.newTensor4d(this.context, GGML_TYPES[type], ...shape);
    this.ggml.setInput(tensor);
    // Without this the allocator gives the memory of an input away after its last use.
    this.ggml.setOutput(tensor);
    // An input that no wanted result needs has no memory otherwise, and writing to it would end the process.
    this.ggml.expand(this.graph, tensor);
    return this.#made(tensor, type, shape);
  }

  /** Keeps a tensor after the run, and computes it. */
  output(value: Value): Value {
    this.ggml.setOutput(value.tensor);
    this.outputs.add(value.of ?? value);
    this.expand(value);
    return value;
  }

  /** Adds a tensor and all that it depends on to the graph, after everything added before. */
  expand(value: Value): void {
    this.ggml.expand(this.graph, value.tensor);
  }

  /** @param strides of the dimensions from the second on, in bytes @param offset in bytes */
  view(value: Value, sizes: readonly number[], strides: readonly number[], offset: number): Value {
    const shape = shapeOf(...sizes);
    const row = (shape[0] / blockOf(value.type).elements) * blockOf(value.type).bytes;
    const all: number[] = [blockOf(value.type).bytes];
    for (let axis = 1; axis < 4; axis++) {
      all.push(strides[axis - 1] ?? (axis === 1 ? row : all[axis - 1]! * shape[axis - 1]!));
    }
    const end = shape.reduce((sum, size, axis) => sum + (axis === 0 ? row : (size - 1) * all[axis]!), offset);
    const last = value.shape.reduce(
      (sum, size, axis) =>
        sum + (axis === 0 ? denseStrides(value.type, value.shape)[1] : (size - 1) * value.strides[axis]!),
      0,
    );
    check(offset >= 0 && end <= last, 'a view', shape, value.shape);
    const tensor = this.ggml.view4d(this.context, value.tensor, ...shape, all[1]!, all[2]!, all[3]!, offset);
    return this.#made(tensor, value.type, shape, all as unknown as Shape, value);
  }

  /** Views a tensor without gaps in another shape. */
  reshape(value: Value, ...sizes: readonly number[]): Value {
    const shape = shapeOf(...sizes);
    check(elementsOf(shape) === elementsOf(value.shape) && isDense(value), 'a reshape', value.shape, shape);
    const tensor = this.ggml.reshape4d(this.context, value.tensor, ...shape);
    return this.#made(tensor, value.type, shape, undefined, value);
  }

  /** Exchanges the second and the third dimension. */
  swap(value: Value): Value {
    const [n0, n1, n2, n3] = value.shape;
    const [s0, s1, s2, s3] = value.strides;
    const tensor = this.ggml.permute(this.context, value.tensor, 0, 2, 1, 3);
    return this.#made(tensor, value.type, [n0, n2, n1, n3], [s0, s2, s1, s3], value);
  }

  /** Exchanges the first and the second dimension. */
  transposed(value: Value): Value {
    const [n0, n1, n2, n3] = value.shape;
    const [s0, s1, s2, s3] = value.strides;
    const tensor = this.ggml.permute(this.context, value.tensor, 1, 0, 2, 3);
    return this.#made(tensor, value.type, [n1, n0, n2, n3], [s1, s0, s2, s3], value);
  }

  /** Copies a tensor so that it has no gaps. */
  dense(value: Value): Value {
    return this.#made(this.ggml.contiguous(this.context, value.tensor), value.type, value.shape);
  }

  /** Copies the elements of `from` to `to`, which may be a view, and returns `to` after that. */
  copy(from: Value, to: Value): Value {
    check(elementsOf(from.shape) === elementsOf(to.shape), 'a copy', from.shape, to.shape);
    const tensor = this.ggml.copy(this.context, from.tensor, to.tensor);
    return this.#made(tensor, to.type, to.shape, to.strides, to);
  }

  /** Adds rows of zeros: `[n, rows, …]` → `[n, more rows, …]`. */
  withRows(value: Value, rows: number): Value {
    const [n0, n1, n2, n3] = value.shape;
    check(rows >= n1 && value.type === 'F32', 'more rows', value.shape);
    const tensor = this.ggml.pad(this.context, value.tensor, 0, rows - n1, 0, 0);
    return this.#made(tensor, 'F32', [n0, rows, n2, n3]);
  }

  /** Picks rows: `[n, rows]` by `[picked]`, or `[n, rows, batch]` by `[picked, batch]`. The result is F32. */
  getRows(value: Value, indices: Value): Value {
    const [n0, , n2] = value.shape;
    check(
      indices.type === 'I32' && indices.shape[1] === n2 && value.shape[3] === 1,
      'picked rows',
      value.shape,
      indices.shape,
    );
    return this.#made(this.ggml.getRows(this.context, value.tensor, indices.tensor), 'F32', [
      n0,
      indices.shape[0],
      n2,
      1,
    ]);
  }

  /** Writes the rows of `from`, F32, into the rows of `to` with these indices, I64. */
  setRows(to: Value, from: Value, indices: Value): Value {
    const rows = elementsOf(from.shape) / from.shape[0];
    check(
      to.shape[0] === from.shape[0] &&
        from.type === 'F32' &&
        from.shape[2] === 1 &&
        to.shape[2] === 1 &&
        indices.type === 'I64' &&
        indices.shape[0] === rows &&
        elementsOf(indices.shape) === rows,
      'written rows',
      to.shape,
      from.shape,
      indices.shape,
    );
    const tensor = this.ggml.setRows(this.context, to.tensor, from.tensor, indices.tensor);
    return this.#made(tensor, to.type, to.shape, to.strides, to);
  }

  /** Σ_i a[i, m]·b[i, n] → `[m, n]`, F32, for each pair of the outer dimensions; those of a repeat over those of b. */
  product(a: Value, b: Value): Value {
    check(
      a.shape[0] === b.shape[0] &&
        b.type === 'F32' &&
        b.strides[0] === 4 &&
        a.strides[0] === blockOf(a.type).bytes &&
        b.shape[2] % a.shape[2] === 0 &&
        b.shape[3] % a.shape[3] === 0,
      'a product',
      a.shape,
      b.shape,
    );
    const shape: Shape = [a.shape[1], b.shape[1], b.shape[2], b.shape[3]];
    // ggml's Vulkan kernels overlook gaps between matrices, and round matrices with gaps within them to 16 bits.
    const left = this.#withoutGaps(a);
    const tensor = this.ggml.multiplyMatrix(this.context, left.tensor, b.tensor);
    // Other devices would add products of 16-bit floats in 16 bits.
    if (!this.onProcessor) this.ggml.setPrecision(tensor, PRECISE);
    return this.#made(tensor, 'F32', shape);
  }

  /** Σ_k a[m, k]·b[n, k] → `[m, n]`, F32. Unlike {@link product}, it takes neighbours of the result together. */
  outerProduct(a: Value, b: Value): Value {
    this.#float(a);
    check(
      b.type === 'F32' &&
        a.shape[1] === b.shape[1] &&
        a.shape[2] === 1 &&
        b.shape[2] === 1 &&
        a.shape[3] === 1 &&
        b.shape[3] === 1,
      'an outer product',
      a.shape,
      b.shape,
    );
    const tensor = this.ggml.outerProduct(this.context, a.tensor, b.tensor);
    return this.#made(tensor, 'F32', [a.shape[0], b.shape[0], 1, 1]);
  }

  add(a: Value, b: Value): Value {
    return this.#binary('add', a, b);
  }

  subtract(a: Value, b: Value): Value {
    return this.#binary('subtract', a, b);
  }

  multiply(a: Value, b: Value): Value {
    return this.#binary('multiply', a, b);
  }

  divide(a: Value, b: Value): Value {
    return this.#binary('divide', a, b);
  }

  /** a·factor + bias */
  scale(a: Value, factor: number, bias = 0): Value {
    if (factor === 1 && bias === 0) return a;
    this.#float(a, true);
    return this.#made(this.ggml.scaleBias(this.context, a.tensor, factor, bias), 'F32', a.shape);
  }

  /** @param a with rows at even distances: ggml counts them through all dimensions */
  clamp(a: Value, lowest: number, highest: number): Value {
    this.#float(a);
    const [, rows, matrices, blocks] = a.shape;
    const [, row, matrix, block] = a.strides;
    const isEven = (matrices === 1 || matrix === rows * row) && (blocks === 1 || block === matrices * matrix);
    check(isEven, 'a clamp', a.shape, a.strides);
    const { tensor } = this.#withoutGaps(a);
    return this.#made(this.ggml.clamp(this.context, tensor, lowest, highest), 'F32', a.shape);
  }

  square(a: Value): Value {
    return this.#unary('square', a);
  }

  log(a: Value): Value {
    return this.#unary('log', a);
  }

  exp(a: Value): Value {
    return this.#unary('exp', a);
  }

  /** e^a − 1 */
  expm1(a: Value): Value {
    return this.#unary('expm1', a);
  }

  /** max(a, 0) */
  relu(a: Value): Value {
    return this.#unary('relu', a);
  }

  tanh(a: Value): Value {
    return this.#unary('tanh', a);
  }

  /** Sums each row: `[n, …]` → `[1, …]`. */
  sumRows(a: Value): Value {
    this.#float(a);
    const [, n1, n2, n3] = a.shape;
    return this.#made(this.ggml.sumRows(this.context, a.tensor), 'F32', [1, n1, n2, n3]);
  }

  /** The index of each row's largest element: `[n, rows]` → `[rows]`, I32. */
  argmax(a: Value): Value {
    this.#float(a);
    check(a.shape[2] === 1 && a.shape[3] === 1, 'an argmax', a.shape);
    return this.#made(this.ggml.argmax(this.context, a.tensor), 'I32', [a.shape[1], 1, 1, 1]);
  }

  /** x / √(mean(x²) + ε) for each row x. */
  rmsNorm(a: Value, epsilon: number): Value {
    this.#float(a);
    return this.#made(this.ggml.rmsNorm(this.context, a.tensor, epsilon), 'F32', a.shape);
  }

  /** softmax(scale·a + mask) over each row. @param mask `[n, rows, 1 or a divisor, …]`, F16 or F32; null for none */
  softmax(a: Value, mask: Value | null, scale: number): Value {
    this.#float(a, true);
    check(
      mask === null ||
        (mask.shape[0] === a.shape[0] &&
          mask.shape[1] >= a.shape[1] &&
          a.shape[2] % mask.shape[2] === 0 &&
          a.shape[3] % mask.shape[3] === 0 &&
          (mask.type === 'F16' || mask.type === 'F32') &&
          isDense(mask)),
      'a softmax',
      a.shape,
      ...(mask === null ? [] : [mask.shape]),
    );
    return this.#made(
      this.ggml.softmax(this.context, a.tensor, mask?.tensor ?? null, scale, 0),
      'F32',
      a.shape,
    );
  }

  /**
   * softmax(scale·q·K + mask)·V in one operation, in f32 whatever the type of K and V is.
   * @param query `[headDim, rows, heads]` @param keys `[headDim, keys, kvHeads]` @param values `[width, keys, kvHeads]`
   * @param mask `[keys, rows]`, F16 @returns `[width, heads, rows]`
   */
  fusedAttention(
    query: Value,
    keys: Value,
    values: Value,
    mask: Value,
    { scale, scoreCap }: { readonly scale: number; readonly scoreCap: number | null },
  ): Value {
    this.#float(query);
    const [headDim, rows, heads] = query.shape;
    const [width, count, kvHeads] = values.shape;
    check(
      keys.shape[0] === headDim &&
        keys.shape[1] === count &&
        keys.shape[2] === kvHeads &&
        heads % kvHeads === 0 &&
        [query, keys, values, mask].every(({ shape }) => shape[3] === 1) &&
        keys.type === values.type &&
        keys.strides[0] === blockOf(keys.type).bytes &&
        values.strides[0] === blockOf(values.type).bytes &&
        canFuse(rows, width) &&
        mask.type === 'F16' &&
        isDense(mask) &&
        mask.shape[0] === count &&
        mask.shape[1] === rows &&
        mask.shape[2] === 1,
      'an attention',
      query.shape,
      keys.shape,
      values.shape,
      mask.shape,
    );
    const tensor = this.ggml.fusedAttention(
      this.context,
      query.tensor,
      keys.tensor,
      values.tensor,
      mask.tensor,
      scale,
      0,
      scoreCap ?? 0,
    );
    return this.#made(tensor, 'F32', [width, heads, rows, 1]);
  }

  /** silu(a)·b, silu(x) = x / (1 + e^−x) */
  swiglu(a: Value, b: Value): Value {
    this.#float(a);
    check(sameShape(a.shape, b.shape) && isRowwise(a) && isRowwise(b), 'a gate', a.shape, b.shape);
    return this.#made(this.ggml.swiglu(this.context, a.tensor, b.tensor), 'F32', a.shape);
  }

  /**
   * Rotates heads `[headDim, heads, rows]` by their positions: pair i turns by position / divisors[i], and the result is
   * multiplied by the amplitude.
   */
  rope(
    a: Value,
    positions: Value,
    divisors: Value,
    {
      rotaryDim,
      amplitude,
      pairs,
    }: { readonly rotaryDim: number; readonly amplitude: number; readonly pairs: keyof typeof ROPE_PAIRS },
  ): Value {
    this.#float(a);
    check(
      positions.type === 'I32' &&
        positions.shape[0] === a.shape[2] &&
        divisors.shape[0] === rotaryDim / 2 &&
        rotaryDim <= a.shape[0] &&
        rotaryDim % 2 === 0 &&
        a.shape[3] === 1,
      'a rotation',
      a.shape,
      positions.shape,
      divisors.shape,
    );
    // With a base of 1 every pair has frequency 1, which the divisors then divide.
    const tensor = this.ggml.rope(
      this.context,
      a.tensor,
      positions.tensor,
      divisors.tensor,
      rotaryDim,
      ROPE_PAIRS[pairs],
      0,
      1,
      1,
      0,
      amplitude,
      32,
      1,
    );
    return this.#made(tensor, 'F32', a.shape);
  }

  #unary(name: 'square' | 'log' | 'exp' | 'expm1' | 'relu' | 'tanh', a: Value): Value {
    this.#float(a);
    return this.#made(this.ggml[name](this.context, this.#withoutGaps(a).tensor), 'F32', a.shape);
  }

  /** An operand for devices that overlook gaps: all but the processor. */
  #withoutGaps(a: Value): Value {
    return this.onProcessor || isDense(a) ? a : this.dense(a);
  }

  #binary(name: 'add' | 'subtract' | 'multiply' | 'divide', a: Value, b: Value): Value {
    this.#float(a);
    this.#float(b);
    check(
      a.shape.every((size, axis) => size % b.shape[axis]! === 0),
      `a ${name}`,
      a.shape,
      b.shape,
    );
    return this.#made(this.ggml[name](this.context, a.tensor, b.tensor), 'F32', a.shape);
  }

  #float(a: Value, dense = false): void {
    check(a.type === 'F32' && a.strides[0] === 4 && (!dense || isDense(a)), 'an operand', a.shape, a.strides);
  }

  /** @param of the value whose memory the tensor shows */
  #made(
    tensor: Tensor,
    type: GgmlType,
    shape: Shape,
    strides = denseStrides(type, shape),
    of?: Value,
  ): Value {
    this.#count += 1;
    check(this.#count <= this.nodes, `more than ${this.nodes} tensors`);
    const value = { tensor, type, shape, strides };
    return of === undefined ? value : { ...value, of: of.of ?? of };
  }
}

/** Whether there are no gaps but between rows. */
function isRowwise({ type, shape, strides }: Value): boolean {
  return strides[0] === blockOf(type).bytes && shape[2] === 1 && shape[3] === 1;
}

function isDense({ type, shape, strides }: Value): boolean {
  return sameShape(strides, denseStrides(type, shape)) || elementsOf(shape) === shape[0];
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.every((size, axis) => size === b[axis]);
}

function check(holds: boolean, what: string, ...shapes: readonly Shape[]): asserts holds {
  if (!holds)
    throw new Error(`the graph has ${what} that does not fit: ${shapes.map((s) => `[${s}]`).join(', ')}`);
}
