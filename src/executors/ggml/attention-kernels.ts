import type { AttentionBlueprint } from '../../architectures/index.js';
import type { GraphBuilder } from './graph-builder.js';
import type { Value } from './tensor.js';

/**
 * Two ways to compute softmax(q·K + mask)·V for a group of rows, together with the shares of columns of keys.
 *
 * A row is `[headDim]`. One new token per sequence has the rows `[headDim, group, kvHeads, sequences]`, so that the
 * query heads of a key-value head are one matrix; many new tokens of a sequence have `[headDim, tokens, heads]`.
 */

/** A run of a group's keys. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

/** Attention over one side of the keys: all, the target, or the rest. */
export interface Side {
  /** `[headDim, rows, heads, sequences]` */
  readonly output: Value;
  /** Shares of the columns, `[columns, rows, heads, sequences]`; null if they are not wanted. */
  readonly shares: Value | null;
  /** Weights of the keys, `[keys, rows, heads, sequences]`, and what they are the softmax of, without the mask. */
  readonly weights: Value | null;
  readonly scores: { readonly values: Value; readonly factor: number } | null;
}

/**
 * Computes attention over the keys that a mask keeps.
 * @param mask added to scores, `[keys, rows, 1, sequences]`, F16
 * @param stretch the mask's keys; null for all of the group's
 */
export type Attend = (mask: Value, stretch: Stretch | null, measured: boolean) => Side;

type Scoring = Pick<AttentionBlueprint, 'scale' | 'scoreCap'>;

/**
 * Keeps every score and weight: exact, and to be looked into.
 * @param query `[headDim, rows, heads, sequences]` @param keys `[headDim, keys, kvHeads, sequences]`
 * @param values `[keys, headDim, kvHeads, sequences]`
 * @param columns 1 where a key belongs to a column, `[keys, columns, 1, sequences]`, F32; null if no shares are wanted
 */
export function explicitAttention(
  g: GraphBuilder,
  { scale, scoreCap }: Scoring,
  { query, keys, values }: { readonly query: Value; readonly keys: Value; readonly values: Value },
  columns: Value | null,
): Attend {
  const products = scoresOf(g, keys, query);
  const scores =
    scoreCap === null ? products : g.scale(g.tanh(g.scale(products, scale / scoreCap)), scoreCap);
  const factor = scoreCap === null ? scale : 1;
  return (mask, stretch, measured) => {
    const of = (value: Value): Value =>
      stretch === null ? value : partOf(g, value, stretch.first, stretch.count);
    const own = stretch === null ? scores : g.dense(of(scores));
    const weights = g.softmax(own, mask, factor);
    return {
      output: g.product(of(values), weights),
      shares: measured ? g.product(of(columns!), weights) : null,
      weights,
      scores: { values: own, factor },
    };
  };
}

/** Elements that ggml's product of single rows takes at once: it multiplies the rest of a row one by one. */
const DOT_STEP = 64;

/**
 * q·K, `[keys, rows, heads, sequences]`. A single row of small heads gets a row of zeros beside it: ggml has another
 * kernel for two rows, which is several times faster.
 */
function scoresOf(g: GraphBuilder, keys: Value, query: Value): Value {
  const [headDim, rows, heads, sequences] = query.shape;
  if (rows > 1 || headDim % DOT_STEP === 0) return g.product(keys, query);
  const both = g.product(keys, g.withRows(query, 2));
  const [, row, head, sequence] = both.strides;
  return g.dense(g.view(both, [both.shape[0], 1, heads, sequences], [row, head, sequence], 0));
}

/**
 * Keeps nothing but the results, tile by tile (FlashAttention, Dao et al. 2022): for many rows. The values have the
 * columns' marks behind them, so that shares are sums of the same weights as outputs.
 * @param query `[headDim, rows, heads]` @param keys `[headDim, keys, kvHeads]`, F16
 * @param values `[headDim + columns, keys, kvHeads]`, F16
 */
export function fusedAttention(
  g: GraphBuilder,
  scoring: Scoring,
  { query, keys, values }: { readonly query: Value; readonly keys: Value; readonly values: Value },
): Attend {
  const [headDim, rows, heads] = query.shape;
  const columns = values.shape[0] - headDim;
  return (mask, stretch, measured) => {
    const of = (value: Value): Value => {
      if (stretch === null) return value;
      const [size, , kvHeads] = value.shape;
      const [, row, head] = value.strides;
      return g.view(value, [size, stretch.count, kvHeads], [row, head], stretch.first * row);
    };
    const fused = g.fusedAttention(query, of(keys), of(values), mask, scoring);
    const { strides } = g.swap(fused);
    const part = (first: number, count: number): Value =>
      g.view(fused, [count, rows, heads], [strides[1], strides[2]], first * 4);
    return {
      output: part(0, headDim),
      shares: measured ? g.dense(part(headDim, columns)) : null,
      weights: null,
      scores: null,
    };
  };
}

/** Views a part of the innermost dimension. */
export function partOf(g: GraphBuilder, value: Value, first: number, count: number): Value {
  const [size, ...rest] = value.shape;
  if (first === 0 && count === size) return value;
  return g.view(value, [count, ...rest], value.strides.slice(1), first * value.strides[0]);
}
