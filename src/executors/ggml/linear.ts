import type { LayerWeight } from '../../architectures/index.js';
import type { GraphBuilder } from './graph-builder.js';
import { OFFSET_BLOCK } from './matrix-form.js';
import type { Value } from './tensor.js';
import type { LayerMatrices, Matrix } from './weights.js';

/** W·x + b. @param x `[inputs, rows]` @returns `[outputs, rows]` */
export function linear(g: GraphBuilder, x: Value, { values, offsets, bias, inputs, rowStep }: Matrix): Value {
  let y = product(g, values, x, rowStep);
  if (offsets !== null) {
    const rows = x.shape[1];
    const sums = g.sumRows(g.reshape(x, OFFSET_BLOCK, inputs / OFFSET_BLOCK, rows));
    y = g.add(y, g.outerProduct(offsets, g.transposed(g.reshape(sums, inputs / OFFSET_BLOCK, rows))));
  }
  return bias === null ? y : g.add(y, bias);
}

/** A product in whole steps of rows: the added rows are zeros, and their results are dropped. */
function product(g: GraphBuilder, values: Value, x: Value, rowStep: number): Value {
  const rows = x.shape[1];
  const rounded = Math.ceil(rows / rowStep) * rowStep;
  if (rounded === rows) return g.product(values, x);
  const y = g.product(values, g.withRows(x, rounded));
  return g.view(y, [y.shape[0], rows], [y.strides[1]], 0);
}

/** Applies a layer's norm; returns x itself if the layer does not have it. */
export function normed(
  g: GraphBuilder,
  x: Value,
  { norms }: LayerMatrices,
  name: LayerWeight,
  epsilon: number,
): Value {
  const weight = norms[name];
  return weight === undefined ? x : g.multiply(g.rmsNorm(x, epsilon), weight);
}

/** Splits rows of joined matrices, `[Σ sizes, rows]`, into views of these sizes. Several values are the parts. */
export function splitRows(
  g: GraphBuilder,
  values: readonly Value[],
  sizes: readonly number[],
): readonly Value[] {
  const [joined] = values;
  if (values.length === sizes.length) return values;
  let start = 0;
  return sizes.map((size) => {
    const part = g.view(joined!, [size, joined!.shape[1]], [joined!.strides[1]], start * 4);
    start += size;
    return part;
  });
}
