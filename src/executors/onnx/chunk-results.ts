import type { Tensor } from 'onnxruntime-node';
import type { DecoderShape, ForwardResult } from '../contract/index.js';
import type { Chunk, FedChunk, SpanColumns } from './chunk-feeds.js';

export type Outputs = Readonly<Record<string, Tensor>>;

/** Returns the outputs to fetch besides the cache's rows: only those that the request needs. */
export function outputsOf({ request }: Chunk, isLast: boolean): string[] {
  const names: string[] = [];
  if (request.logits === 'all' || (request.logits === 'last' && isLast)) names.push('logits');
  if (request.intervention || request.spans) names.push('share_before', 'share_after');
  if (request.spans) names.push('span_shares', 'side_span_shares');
  for (const index of request.taps?.hidden ?? []) names.push(`hidden.${index}`);
  for (const layer of request.taps?.attention ?? []) names.push(`layers.${layer}.query`);
  return names;
}

export function floatsOf(outputs: Outputs, name: string): Float32Array {
  return outputs[name]!.data as Float32Array;
}

/**
 * Writes a chunk's outputs into the request's result.
 * @param row index of the chunk's first token in the request
 */
export function collect(
  result: ForwardResult,
  chunk: Chunk,
  { columns, targetSeen }: FedChunk,
  outputs: Outputs,
  shape: DecoderShape,
  row: number,
): void {
  const { request, tokens } = chunk;
  if (outputs.logits) {
    const vocab = outputs.logits.dims.at(-1)!;
    result.logits.set(floatsOf(outputs, 'logits'), request.logits === 'all' ? row * vocab : 0);
  }
  for (const [index, state] of result.hidden) {
    const values = floatsOf(outputs, `hidden.${index}`);
    state.set(values, (row * values.length) / tokens.length);
  }
  if (result.targetShares) collectTargetShares(result.targetShares, chunk, targetSeen, outputs, shape, row);
  if (result.spanShares) collectSpanShares(result.spanShares, chunk, columns, outputs, shape, row);
}

/** Shares before and after the policy, one number per layer, head and row. */
type Shares = { readonly before: Float32Array; readonly after: Float32Array };

/** Calls back with each number's index in the graph's outputs and in the result's `[layers, heads, rows]`. */
function forEachPair(
  { request, tokens }: Chunk,
  { layers, heads, group, kvHeads }: DecoderShape,
  row: number,
  visit: (from: number, to: number, layer: number) => void,
): void {
  const rows = request.tokens.length;
  const count = tokens.length;
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      const from = (layer * kvHeads + Math.floor(head / group)) * count * group + (head % group);
      const to = (layer * heads + head) * rows + row;
      for (let i = 0; i < count; i++) visit(from + i * group, to + i, layer);
    }
  }
}

function collectTargetShares(
  shares: Shares,
  chunk: Chunk,
  targetSeen: readonly boolean[],
  outputs: Outputs,
  shape: DecoderShape,
  row: number,
): void {
  const before = floatsOf(outputs, 'share_before');
  const after = floatsOf(outputs, 'share_after');
  forEachPair(chunk, shape, row, (from, to, layer) => {
    const seen = targetSeen[shape.windowOf[layer]!]!;
    shares.before[to] = seen ? before[from]! : 0;
    shares.after[to] = seen ? after[from]! : 0;
  });
}

/**
 * Computes the shares of spans from those of their pieces. A piece of the gaining side has its fraction of that side's
 * new share. A piece of the losing side is scaled by (1 − π′) / (1 − π), or by π′/π if that side is the target.
 */
function collectSpanShares(
  shares: Shares,
  chunk: Chunk,
  { plain, side, bothSides }: SpanColumns,
  outputs: Outputs,
  shape: DecoderShape,
  row: number,
): void {
  const before = floatsOf(outputs, 'share_before');
  const after = floatsOf(outputs, 'share_after');
  const plainShares = floatsOf(outputs, 'span_shares');
  const sideShares = floatsOf(outputs, 'side_span_shares');
  const spans = chunk.request.spans!.length;
  const pieces = chunk.pieces.map((piece) => ({
    ...piece,
    inPlain: plain.indexOf(piece),
    inSide: side.indexOf(piece),
  }));
  const plainColumns = Math.max(1, plain.length);
  const sideColumns = Math.max(1, side.length);
  forEachPair(chunk, shape, row, (from, to) => {
    const share = before[from]!;
    const mapped = after[from]!;
    const targetGains = !bothSides || mapped >= share;
    const gained = targetGains ? mapped : 1 - mapped;
    const lost = targetGains ? (1 - mapped) / (1 - share) : mapped / share;
    for (const { span, inTarget, inPlain, inSide } of pieces) {
      const part = sideShares[from * sideColumns + inSide]!;
      const own = inPlain < 0 ? part * share : plainShares[from * plainColumns + inPlain]!;
      shares.before[to * spans + span]! += own;
      shares.after[to * spans + span]! += inTarget === targetGains ? part * gained : own * lost;
    }
  });
}
