import { GraphTensors } from './graph-tensors.js';
import {
  blockOf,
  check,
  elementsOf,
  isDense,
  type Shape,
  sameShape,
  type TensorContext,
  type Value,
} from './tensor.js';

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
export class GraphBuilder extends GraphTensors {
  /** @param context with room for `nodes` tensors, the graph's */
  constructor(
    context: TensorContext,
    nodes: number,
    /** Whether it runs on the processor. Other devices' operations on single elements take no operands with gaps. */
    private readonly onProcessor = true,
  ) {
    super(context, nodes);
  }

  /** Σ_i a[i, m]·b[i, n] → `[m, n]`, F32, for each pair of the outer dimensions; those of a repeat over those of b. */
  product(a: Value, b: Value): Value {
    this.float(b);
    check(
      a.shape[0] === b.shape[0] &&
        a.type !== 'I32' &&
        a.type !== 'I64' &&
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
    const result = this.make('F32', shape, (c) => this.ggml.multiplyMatrix(c, left.tensor, b.tensor));
    // Other devices would add products of 16-bit floats in 16 bits.
    if (!this.onProcessor) this.ggml.setPrecision(result.tensor, PRECISE);
    return result;
  }

  /** Σ_k a[m, k]·b[n, k] → `[m, n]`, F32. Unlike {@link product}, it takes neighbours of the result together. */
  outerProduct(a: Value, b: Value): Value {
    this.float(a);
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
    const shape: Shape = [a.shape[0], b.shape[0], 1, 1];
    return this.make('F32', shape, (c) => this.ggml.outerProduct(c, a.tensor, b.tensor));
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
    this.float(a, true);
    return this.make('F32', a.shape, (c) => this.ggml.scaleBias(c, a.tensor, factor, bias));
  }

  /** @param a with rows at even distances: ggml counts them through all dimensions */
  clamp(a: Value, lowest: number, highest: number): Value {
    this.float(a);
    const [, rows, matrices, blocks] = a.shape;
    const [, row, matrix, block] = a.strides;
    const isEven = (matrices === 1 || matrix === rows * row) && (blocks === 1 || block === matrices * matrix);
    check(isEven, 'a clamp', a.shape, a.strides);
    const { tensor } = this.#withoutGaps(a);
    return this.make('F32', a.shape, (c) => this.ggml.clamp(c, tensor, lowest, highest));
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
    this.float(a);
    const [, n1, n2, n3] = a.shape;
    return this.make('F32', [1, n1, n2, n3], (c) => this.ggml.sumRows(c, a.tensor));
  }

  /** The index of each row's largest element: `[n, rows]` → `[rows]`, I32. */
  argmax(a: Value): Value {
    this.float(a);
    const [below, rows, matrices, blocks] = a.shape;
    check(matrices * blocks === 1, 'an argmax', a.shape);
    return this.make('I32', [rows, 1, 1, 1], (c) => this.ggml.argmax(c, a.tensor), { below });
  }

  /** x / √(mean(x²) + ε) for each row x. */
  rmsNorm(a: Value, epsilon: number): Value {
    this.float(a);
    check(epsilon >= 0, 'an epsilon', a.shape);
    return this.make('F32', a.shape, (c) => this.ggml.rmsNorm(c, a.tensor, epsilon));
  }

  /** softmax(scale·a + mask) over each row. @param mask `[n, rows, 1 or a divisor, …]`, F16 or F32; null for none */
  softmax(a: Value, mask: Value | null, scale: number): Value {
    this.float(a, true);
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
    return this.make('F32', a.shape, (c) => this.ggml.softmax(c, a.tensor, mask?.tensor ?? null, scale, 0));
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
    this.float(query);
    const [headDim, rows, heads] = query.shape;
    const [width, count, kvHeads] = values.shape;
    check(
      keys.shape[0] === headDim &&
        keys.shape[1] === count &&
        keys.shape[2] === kvHeads &&
        heads % kvHeads === 0 &&
        [query, keys, values, mask].every(({ shape }) => shape[3] === 1) &&
        keys.type === values.type &&
        (keys.type === 'F16' || keys.type === 'F32') &&
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
    const tensors = [query.tensor, keys.tensor, values.tensor, mask.tensor] as const;
    return this.make('F32', [width, heads, rows, 1], (c) =>
      this.ggml.fusedAttention(c, ...tensors, scale, 0, scoreCap ?? 0),
    );
  }

  /** silu(a)·b, silu(x) = x / (1 + e^−x) */
  swiglu(a: Value, b: Value): Value {
    this.float(a);
    this.float(b);
    check(sameShape(a.shape, b.shape) && isRowwise(a) && isRowwise(b), 'a gate', a.shape, b.shape);
    return this.make('F32', a.shape, (c) => this.ggml.swiglu(c, a.tensor, b.tensor));
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
    this.float(a);
    this.float(divisors);
    check(
      positions.type === 'I32' &&
        positions.shape[0] === a.shape[2] &&
        elementsOf(positions.shape) === positions.shape[0] &&
        divisors.shape[0] === rotaryDim / 2 &&
        rotaryDim <= a.shape[0] &&
        a.shape[3] === 1,
      'a rotation',
      a.shape,
      positions.shape,
      divisors.shape,
    );
    // With a base of 1 every pair has frequency 1, which the divisors then divide.
    const [contextLength, base, scale, extension, betaFast, betaSlow] = [0, 1, 1, 0, 32, 1];
    const tensors = [a.tensor, positions.tensor, divisors.tensor] as const;
    return this.make('F32', a.shape, (c) =>
      this.ggml.rope(
        ...([c, ...tensors, rotaryDim, ROPE_PAIRS[pairs], contextLength] as const),
        ...([base, scale, extension, amplitude, betaFast, betaSlow] as const),
      ),
    );
  }

  #unary(name: 'square' | 'log' | 'exp' | 'expm1' | 'relu' | 'tanh', a: Value): Value {
    this.float(a);
    const { tensor } = this.#withoutGaps(a);
    return this.make('F32', a.shape, (c) => this.ggml[name](c, tensor));
  }

  /** An operand for devices that overlook gaps: all but the processor. */
  #withoutGaps(a: Value): Value {
    return this.onProcessor || isDense(a) ? a : this.dense(a);
  }

  #binary(name: 'add' | 'subtract' | 'multiply' | 'divide', a: Value, b: Value): Value {
    this.float(a);
    this.float(b);
    check(
      a.shape.every((size, axis) => size % b.shape[axis]! === 0),
      `a ${name}`,
      a.shape,
      b.shape,
    );
    return this.make('F32', a.shape, (c) => this.ggml[name](c, a.tensor, b.tensor));
  }
}

/** Whether there are no gaps but between rows. */
function isRowwise({ type, shape, strides }: Value): boolean {
  return strides[0] === blockOf(type).bytes && shape[2] === 1 && shape[3] === 1;
}
