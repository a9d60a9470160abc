import { BLOCK_LAYOUTS, type TensorType } from '../../formats/index.js';
import type { Context, Ggml, Tensor } from './bindings.js';

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
  /** Of a tensor of indices: each is from 0 to below this. */
  readonly below?: number;
}

/** What a {@link Value} may have besides its tensor, type and shape. Default strides: without gaps. */
export type ValueDetails = Partial<Pick<Value, 'strides' | 'of' | 'below'>>;

/** Number of elements in a block of a type, and its bytes. */
export function blockOf(type: GgmlType): { readonly elements: number; readonly bytes: number } {
  return type === 'I32' ? { elements: 1, bytes: 4 } : BLOCK_LAYOUTS[type];
}

/** Returns the strides of a tensor without gaps. */
function denseStrides(type: GgmlType, [n0, n1, n2]: Shape): Shape {
  const { elements, bytes } = blockOf(type);
  const row = (n0 / elements) * bytes;
  return [bytes, row, row * n1, row * n1 * n2];
}

/** Returns the bytes from the first to the last element, gaps included. */
export function extentOf({ type, shape, strides }: Omit<Value, 'tensor'>): number {
  const { elements, bytes } = blockOf(type);
  // ggml counts the innermost dimension of a transposed tensor by its stride.
  const row = (shape[0] / elements - 1) * strides[0] + bytes;
  return row + (shape[1] - 1) * strides[1] + (shape[2] - 1) * strides[2] + (shape[3] - 1) * strides[3];
}

export const shapeOf = (...sizes: readonly number[]): Shape => [
  sizes[0] ?? 1,
  sizes[1] ?? 1,
  sizes[2] ?? 1,
  sizes[3] ?? 1,
];

export const elementsOf = ([n0, n1, n2, n3]: Shape): number => n0 * n1 * n2 * n3;

export function isDense({ type, shape, strides }: Value): boolean {
  return sameShape(strides, denseStrides(type, shape)) || elementsOf(shape) === shape[0];
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.every((size, axis) => size === b[axis]);
}

/** Checks what ggml would end the process for. @throws Error if it does not hold: a defect of this executor */
export function check(holds: boolean, what: string, ...shapes: readonly Shape[]): asserts holds {
  if (!holds)
    throw new Error(`the graph has ${what} that does not fit: ${shapes.map((s) => `[${s}]`).join(', ')}`);
}

/** Memory of ggml for the descriptions of a number of tensors. All tensors are made here. */
export class TensorContext {
  #room: number;

  constructor(
    readonly ggml: Ggml,
    readonly handle: Context,
    room: number,
  ) {
    this.#room = room;
  }

  /** A new tensor without gaps. It has no memory until its context, or its graph, is allocated. */
  tensor(type: GgmlType, ...sizes: readonly number[]): Value {
    const shape = shapeOf(...sizes);
    return this.make(type, shape, (handle) => this.ggml.newTensor4d(handle, GGML_TYPES[type], ...shape));
  }

  /**
   * Makes a tensor of a type and shape, after a check that it is one and that there is room for it.
   * @param call the function of ggml that makes it
   */
  make(
    type: GgmlType,
    shape: Shape,
    call: (handle: Context) => Tensor,
    { strides = denseStrides(type, shape), ...details }: ValueDetails = {},
  ): Value {
    check(this.#room > 0, 'more tensors than its context has room for');
    const sizes = [...shape, shape[0] / blockOf(type).elements, elementsOf(shape), ...strides];
    check(
      sizes.every((size) => Number.isSafeInteger(size) && size > 0),
      `a tensor of type ${type}`,
      shape,
      strides,
    );
    this.#room -= 1;
    return { tensor: call(this.handle), type, shape, strides, ...details };
  }

  free(): void {
    this.ggml.freeContext(this.handle);
  }
}
