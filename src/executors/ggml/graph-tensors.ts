import type { ComputeGraph, Context, Ggml, Tensor } from './bindings.js';
import {
  blockOf,
  check,
  elementsOf,
  extentOf,
  type GgmlType,
  isDense,
  type Shape,
  shapeOf,
  type TensorContext,
  type Value,
  type ValueDetails,
} from './tensor.js';

const FLOATS: readonly GgmlType[] = ['F32', 'F16'];

/**
 * The tensors of a graph that hold or move numbers: inputs, outputs, views, copies and picked rows. As in
 * {@link GraphBuilder}, which adds the arithmetic, every method checks shapes and types before it calls ggml.
 */
export class GraphTensors {
  readonly graph: ComputeGraph;
  /** Tensors with the memory of the inputs and outputs, which stays from run to run. */
  readonly kept = new Set<Value>();
  protected readonly ggml: Ggml;

  /** @param context with room for `nodes` tensors, the graph's */
  constructor(
    private readonly context: TensorContext,
    nodes: number,
  ) {
    this.ggml = context.ggml;
    this.graph = this.ggml.newGraph(context.handle, nodes, false);
  }

  /** A tensor that is written before each run. It stays in place between runs, so that a graph can run again. */
  input(type: GgmlType, ...sizes: readonly number[]): Value {
    const value = this.context.tensor(type, ...sizes);
    this.ggml.setInput(value.tensor);
    // Without this the allocator gives the memory of an input away after its last use.
    this.ggml.setOutput(value.tensor);
    // An input that no wanted result needs has no memory otherwise, and writing to it would end the process.
    this.expand(value);
    this.kept.add(value);
    return value;
  }

  /** An input of indices, each from 0 to below `below`. */
  indices(type: 'I32' | 'I64', below: number, ...sizes: readonly number[]): Value {
    return { ...this.input(type, ...sizes), below };
  }

  /** Keeps a tensor after the run, and computes it. */
  output(value: Value): Value {
    this.ggml.setOutput(value.tensor);
    this.kept.add(value.of ?? value);
    this.expand(value);
    return value;
  }

  /** Adds a tensor and all that it depends on to the graph, after everything added before. */
  expand(value: Value): void {
    this.ggml.expand(this.graph, value.tensor);
  }

  /** @param strides of the dimensions from the second on, in bytes @param offset in bytes */
  view(value: Value, sizes: readonly number[], strides: readonly number[], offset: number): Value {
    const { type } = value;
    const shape = shapeOf(...sizes);
    const { elements, bytes } = blockOf(type);
    const all: [number, number, number, number] = [bytes, 0, 0, 0];
    for (let axis = 1; axis < 4; axis++) {
      const next = axis === 1 ? (shape[0] / elements) * bytes : all[axis - 1]! * shape[axis - 1]!;
      all[axis] = strides[axis - 1] ?? next;
    }
    const end = offset + extentOf({ type, shape, strides: all });
    check(
      Number.isSafeInteger(offset) && offset >= 0 && end <= extentOf(value),
      'a view',
      shape,
      value.shape,
    );
    const [, row, matrix, block] = all;
    return this.make(
      type,
      shape,
      (c) => this.ggml.view4d(c, value.tensor, ...shape, row, matrix, block, offset),
      { strides: all, of: value },
    );
  }

  /** Views a tensor without gaps in another shape. */
  reshape(value: Value, ...sizes: readonly number[]): Value {
    const shape = shapeOf(...sizes);
    check(elementsOf(shape) === elementsOf(value.shape) && isDense(value), 'a reshape', value.shape, shape);
    const { type, tensor, below } = value;
    const details = { of: value, ...(below !== undefined && { below }) };
    return this.make(type, shape, (c) => this.ggml.reshape4d(c, tensor, ...shape), details);
  }

  /** Exchanges the second and the third dimension. */
  swap(value: Value): Value {
    return this.#permuted(value, [0, 2, 1, 3]);
  }

  /** Exchanges the first and the second dimension. */
  transposed(value: Value): Value {
    return this.#permuted(value, [1, 0, 2, 3]);
  }

  /** @param order of the dimensions; it exchanges two, so it is its own inverse */
  #permuted(value: Value, order: Shape): Value {
    check(blockOf(value.type).elements === 1, 'an order of dimensions', value.shape, order);
    const pick = (of: Shape): Shape => [of[order[0]]!, of[order[1]]!, of[order[2]]!, of[order[3]]!];
    return this.make(value.type, pick(value.shape), (c) => this.ggml.permute(c, value.tensor, ...order), {
      strides: pick(value.strides),
      of: value,
    });
  }

  /** Copies a tensor so that it has no gaps. */
  dense({ type, shape, tensor }: Value): Value {
    check(FLOATS.includes(type), 'a copy', shape);
    return this.make(type, shape, (c) => this.ggml.contiguous(c, tensor));
  }

  /** Copies the elements of `from` to `to`, which may be a view, and returns `to` after that. */
  copy(from: Value, to: Value): Value {
    check(
      elementsOf(from.shape) === elementsOf(to.shape) &&
        FLOATS.includes(from.type) &&
        FLOATS.includes(to.type),
      'a copy',
      from.shape,
      to.shape,
    );
    const { type, shape, strides } = to;
    return this.make(type, shape, (c) => this.ggml.copy(c, from.tensor, to.tensor), { strides, of: to });
  }

  /** Adds rows of zeros: `[n, rows, …]` → `[n, more rows, …]`. */
  withRows(value: Value, rows: number): Value {
    const [n0, n1, n2, n3] = value.shape;
    this.float(value);
    check(rows >= n1, 'more rows', value.shape);
    return this.make('F32', [n0, rows, n2, n3], (c) => this.ggml.pad(c, value.tensor, 0, rows - n1, 0, 0));
  }

  /** Picks rows: `[n, rows]` by `[picked]`, or `[n, rows, batch]` by `[picked, batch]`. The result is F32. */
  getRows(value: Value, indices: Value): Value {
    const [n0, n1, n2, n3] = value.shape;
    const [picked, batch, ...others] = indices.shape;
    check(
      indices.type === 'I32' &&
        batch === n2 &&
        [n3, ...others].every((size) => size === 1) &&
        value.strides[0] === blockOf(value.type).bytes &&
        isBelow(indices, n1),
      'picked rows',
      value.shape,
      indices.shape,
    );
    return this.make('F32', [n0, picked, n2, 1], (c) => this.ggml.getRows(c, value.tensor, indices.tensor));
  }

  /** Writes the rows of `from`, F32, into the rows of `to` with these indices, I64. */
  setRows(to: Value, from: Value, indices: Value): Value {
    this.float(from);
    const { type, shape, strides } = to;
    const rows = from.shape[1];
    check(
      shape[0] === from.shape[0] &&
        [from.shape[2], from.shape[3], shape[2], shape[3]].every((size) => size === 1) &&
        FLOATS.includes(type) &&
        strides[0] === blockOf(type).bytes &&
        indices.type === 'I64' &&
        indices.shape[0] === rows &&
        elementsOf(indices.shape) === rows &&
        isBelow(indices, shape[1]),
      'written rows',
      shape,
      from.shape,
      indices.shape,
    );
    return this.make(type, shape, (c) => this.ggml.setRows(c, to.tensor, from.tensor, indices.tensor), {
      strides,
      of: to,
    });
  }

  /** Checks an operand of a kernel that takes f32 without gaps in its rows, or without any. */
  protected float(a: Value, dense = false): void {
    check(a.type === 'F32' && a.strides[0] === 4 && (!dense || isDense(a)), 'an operand', a.shape, a.strides);
  }

  /** Makes a tensor of the graph. @param details its memory is that of the root of `of` */
  protected make(
    type: GgmlType,
    shape: Shape,
    call: (context: Context) => Tensor,
    { of, ...details }: ValueDetails = {},
  ): Value {
    return this.context.make(type, shape, call, { ...details, ...(of && { of: of.of ?? of }) });
  }
}

/** Whether indices can only be those of this many rows. */
const isBelow = ({ below }: Value, rows: number): boolean => below !== undefined && below <= rows;
