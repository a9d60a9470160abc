import { IDENTITY_MAP, rowMap } from '../../attention/index.js';
import { HEAD_MAP_FIELDS } from '../../kernels/head-map.js';
import type { DecoderShape, ForwardRequest, ForwardResult } from '../contract/index.js';
import { headMapNumbers } from './head-map.js';
import { isInside, type Pieces } from './pieces.js';

/** Each head's map as kernels take it, `[layers · heads]` of `HeadMap`. */
export function mapsOf(
  { intervention, silenced }: ForwardRequest,
  { layers, heads }: DecoderShape,
): Float32Array {
  const maps = new Float32Array(layers * heads * HEAD_MAP_FIELDS.length);
  for (let head = 0; head < layers * heads; head++) {
    const map = intervention ? rowMap(intervention.policy, intervention.strength[head]!) : IDENTITY_MAP;
    const gain = silenced?.[head] === 1 ? 0 : 1;
    maps.set(headMapNumbers(map, gain), head * HEAD_MAP_FIELDS.length);
  }
  return maps;
}

/**
 * Adds up the shares of pieces to those of each span and of the target.
 * @param shares `[layers · heads, rows, pieces, 2]`
 * @param row index of the pass's first row in the request
 */
export function addShares(
  shares: Float32Array,
  { cuts, spans }: Pieces,
  { layers, heads }: DecoderShape,
  request: ForwardRequest,
  result: ForwardResult,
  row: number,
): void {
  const pieces = spans.length;
  const spanCount = request.spans?.length ?? 0;
  const rowsInAll = request.tokens.length;
  const pairs = layers * heads;
  const rows = shares.length / 2 / pieces / pairs;
  for (let pair = 0; pair < pairs; pair++) {
    for (let each = 0; each < rows; each++) {
      const from = (pair * rows + each) * pieces * 2;
      const to = pair * rowsInAll + row + each;
      for (let piece = 0; piece < pieces; piece++) {
        const before = shares[from + 2 * piece]!;
        const after = shares[from + 2 * piece + 1]!;
        const span = spans[piece]!;
        if (result.spanShares && span >= 0) {
          result.spanShares.before[to * spanCount + span]! += before;
          result.spanShares.after[to * spanCount + span]! += after;
        }
        if (result.targetShares && isInside(cuts, piece)) {
          result.targetShares.before[to]! += before;
          result.targetShares.after[to]! += after;
        }
      }
    }
  }
}

/**
 * Copies a pass's attention rows into the request's, which are as long as the sequence after the whole request.
 * @param weights `[heads, rows, total]`, total: the tokens so far
 * @param into `[heads, rows of the request, tokens after the request]`
 * @param row index of the pass's first row in the request
 */
export function placeRows(
  weights: Float32Array,
  { heads, rows, total }: { readonly heads: number; readonly rows: number; readonly total: number },
  into: Float32Array,
  row: number,
  rowsInAll: number,
): void {
  const length = into.length / heads / rowsInAll;
  for (let head = 0; head < heads; head++) {
    for (let each = 0; each < rows; each++) {
      const from = (head * rows + each) * total;
      into.set(weights.subarray(from, from + total), (head * rowsInAll + row + each) * length);
    }
  }
}
