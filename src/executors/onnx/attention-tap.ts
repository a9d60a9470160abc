import type { AttentionBlueprint } from '../../architectures/index.js';
import { attendRow, IDENTITY_MAP, rowMap, softCap } from '../../attention/index.js';
import { firstVisible } from '../contract/index.js';
import type { Chunk } from './chunk-feeds.js';

/**
 * Computes the attention rows of one layer from the queries of the graph and the keys in the cache. The graph discards
 * a layer's rows over all keys; returning them would cost memory in every run. The queries are small, and this is the
 * same softmax over the same numbers.
 * @param query `[tokens, heads × headDim]`, rotated, heads in the order (group, kvHeads)
 * @param rows the destination, `[heads, rows of the request, all tokens]`
 * @param row index of the chunk's first token in the request
 */
export function tapAttention(
  chunk: Chunk,
  layer: number,
  { heads, kvHeads, headDim, scale, scoreCap, window }: AttentionBlueprint,
  query: Float32Array,
  rows: Float32Array,
  row: number,
): void {
  const { request, past, tokens, sequence } = chunk;
  const { intervention } = request;
  const { keys } = sequence.view(layer, 0, past + tokens.length);
  const requestRows = request.tokens.length;
  const width = rows.length / heads / requestRows;
  for (let head = 0; head < heads; head++) {
    const group = heads / kvHeads;
    const kv = Math.floor(head / group);
    const queryHead = (head % group) * kvHeads + kv;
    const map = intervention
      ? rowMap(intervention.policy, intervention.strength[layer * heads + head]!)
      : IDENTITY_MAP;
    for (let token = 0; token < tokens.length; token++) {
      const position = past + token;
      const first = firstVisible(position, window);
      const isTarget = chunk.isTarget.subarray(first, position + 1);
      const logits = new Float64Array(isTarget.length);
      for (let i = 0; i < logits.length; i++) {
        let sum = 0;
        for (let d = 0; d < headDim; d++) {
          sum +=
            query[(token * heads + queryHead) * headDim + d]! *
            keys[((first + i) * kvHeads + kv) * headDim + d]!;
        }
        logits[i] = softCap(sum * scale, scoreCap);
      }
      rows.set(attendRow(logits, isTarget, map).weights, (head * requestRows + row + token) * width + first);
    }
  }
}
