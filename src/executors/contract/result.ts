import type { Blueprint } from '../../architectures/index.js';
import type { ForwardRequest, ForwardResult } from './contract.js';

/** Returns a result with zeroed buffers of the sizes that the contract states. @param past tokens in the cache */
export function emptyResult(request: ForwardRequest, blueprint: Blueprint, past: number): ForwardResult {
  const { tokens, logits, intervention, spans, taps } = request;
  const rows = tokens.length;
  const total = past + rows;
  const pairs = blueprint.layers.reduce((count, layer) => count + layer.attention.heads, 0) * rows;
  const shares = (size: number) => ({ before: new Float32Array(size), after: new Float32Array(size) });
  return {
    logits: new Float32Array((logits === 'all' ? rows : logits === 'last' ? 1 : 0) * blueprint.vocabSize),
    ...(spans ? { spanShares: shares(pairs * spans.length) } : {}),
    ...(intervention ? { targetShares: shares(pairs) } : {}),
    attention: new Map(
      (taps?.attention ?? []).map((layer) => [
        layer,
        new Float32Array(blueprint.layers[layer]!.attention.heads * rows * total),
      ]),
    ),
    hidden: new Map(
      (taps?.hidden ?? []).map((index) => [index, new Float32Array(rows * blueprint.hiddenSize)]),
    ),
  };
}
