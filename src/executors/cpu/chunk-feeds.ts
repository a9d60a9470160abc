import { Tensor } from 'onnxruntime-node';
import { isIdentity, type RowMap, rowMap } from '../../attention/index.js';
import type { ForwardRequest, Intervention } from '../contract.js';
import { firstVisible } from '../request.js';
import { POLICY_PARTS } from './decoder-graph.js';
import type { GraphShape } from './graph-shape.js';
import type { RotationTable } from './rotation.js';
import type { CpuSequence } from './sequence.js';
import type { Indicator, SpanPieces } from './span-pieces.js';
import type { EmbeddingTable } from './weights.js';

/** A logit so low that its weight is 0 next to any other, yet whose sums and differences stay finite. */
const MASKED = -1e30;

/** A run of new tokens that goes through the graph in one call. */
export interface Chunk {
  readonly request: ForwardRequest;
  readonly sequence: CpuSequence;
  /** Tokens already in the cache. */
  readonly past: number;
  readonly tokens: readonly number[] | Int32Array;
  readonly pieces: SpanPieces;
  /** `[past + tokens]`, 1 inside the target. */
  readonly isTarget: Uint8Array;
}

export type Feeds = Record<string, Tensor>;

/** What the graph is fed for a chunk, and what the caller has to know to read its outputs. */
export interface FedChunk {
  readonly feeds: Feeds;
  /** Row × head pairs that the policy acts on, per layer. */
  readonly touched: Int32Array;
  /** Whether any key of the target is in view, per window; where none is, the share of a stand-in comes back. */
  readonly targetSeen: readonly boolean[];
}

export function chunkFeeds(
  chunk: Chunk,
  shape: GraphShape,
  hiddenSize: number,
  embedding: EmbeddingTable,
  rotations: readonly RotationTable[],
  indicator: Indicator,
): FedChunk {
  const { past, tokens, request } = chunk;
  const count = tokens.length;
  const total = past + count;
  const feeds: Feeds = {
    embeddings: embed(tokens, hiddenSize, embedding),
    logit_rows: indices(request.logits === 'all' ? sequenceOf(0, count) : [count - 1]),
  };
  for (const [i, table] of rotations.entries()) {
    const { cos, sin } = table.rows(past, total);
    feeds[`cos.${i}`] = floats(cos, [count, shape.headDim / 2]);
    feeds[`sin.${i}`] = floats(sin, [count, shape.headDim / 2]);
  }

  const spans = indicator.update(chunk.pieces.rest, total);
  const newTarget = targetKeys(chunk.isTarget, past, total);
  feeds.new_spans = floats(spans.data.subarray(past * spans.columns), [count, spans.columns]);
  const mixedRows: Uint8Array[] = [];
  const targetSeen: boolean[] = [];
  feeds.target_new = indices(newTarget);
  for (const [i, window] of shape.windows.entries()) {
    const start = Math.min(past, firstVisible(past, window));
    const keys = past - start;
    const pastTarget = targetKeys(chunk.isTarget, start, past);
    const seen = pastTarget.length + newTarget.length > 0;
    targetSeen.push(seen);
    feeds[`gate.${i}`] = floats(Float32Array.of(keys === 0 ? MASKED : 0), []);
    feeds[`new_mask.${i}`] = newMask(count, shape.group, window);
    if (window !== null) feeds[`past_mask.${i}`] = pastMask(past, start, count, shape.group, window);
    feeds[`past_spans.${i}`] =
      keys === 0
        ? floats(new Float32Array(spans.columns), [1, spans.columns])
        : floats(spans.data.subarray(start * spans.columns, past * spans.columns), [keys, spans.columns]);
    // Where no key of the target is in view, its softmax runs over a stand-in and nothing is made of it.
    feeds[`target_past.${i}`] = indices(seen ? pastTarget : [0]);
    feeds[`target_spans.${i}`] = targetSpans(chunk, absolute(pastTarget, start, newTarget, past));
    mixedRows.push(rowsWithBoth(chunk, window));
    for (let layer = 0; layer < shape.layers; layer++) {
      if (shape.windowOf[layer] === i) addCache(feeds, chunk.sequence, shape, layer, start, past);
    }
  }
  const { policy, touched } = policyFeed(request.intervention, shape, mixedRows, count);
  feeds.policy = policy;
  return { feeds, touched, targetSeen };
}

function addCache(
  feeds: Feeds,
  sequence: CpuSequence,
  shape: GraphShape,
  layer: number,
  start: number,
  past: number,
): void {
  const { kvHeads, headDim } = shape;
  const dimensions = [Math.max(1, past - start), kvHeads, headDim];
  const standIn = new Float32Array(past === start ? kvHeads * headDim : 0);
  const view = past === start ? { keys: standIn, values: standIn } : sequence.view(layer, start, past);
  feeds[`layers.${layer}.keys`] = floats(view.keys, dimensions);
  feeds[`layers.${layer}.values`] = floats(view.values, dimensions);
}

/** `[1, tokens, hidden]`. */
function embed(
  tokens: readonly number[] | Int32Array,
  hiddenSize: number,
  embedding: EmbeddingTable,
): Tensor {
  const rows = new Float32Array(tokens.length * hiddenSize);
  for (let i = 0; i < tokens.length; i++) {
    embedding.read(tokens[i]!, rows.subarray(i * hiddenSize, (i + 1) * hiddenSize));
  }
  return floats(rows, [1, tokens.length, hiddenSize]);
}

/** Causality and the window among the new tokens, `[tokens · group, tokens]`. */
function newMask(count: number, group: number, window: number | null): Tensor {
  const mask = new Float32Array(count * group * count);
  for (let query = 0; query < count; query++) {
    for (let key = 0; key < count; key++) {
      if (key <= query && key >= firstVisible(query, window)) continue;
      for (let g = 0; g < group; g++) mask[(query * group + g) * count + key] = MASKED;
    }
  }
  return floats(mask, [count * group, count]);
}

/** Past keys that have left a row's window, `[tokens · group, keys]`; one token's view holds none. */
function pastMask(past: number, start: number, count: number, group: number, window: number): Tensor {
  const keys = past - start;
  if (count === 1 || keys === 0) return floats(new Float32Array(1), [1, 1]);
  const mask = new Float32Array(count * group * keys);
  for (let query = 0; query < count; query++) {
    const hidden = Math.min(keys, firstVisible(past + query, window) - start);
    for (let g = 0; g < group; g++) {
      const row = (query * group + g) * keys;
      mask.fill(MASKED, row, row + Math.max(0, hidden));
    }
  }
  return floats(mask, [count * group, keys]);
}

/** Indices of the target's keys in `[start, end)`, relative to `start`. */
function targetKeys(isTarget: Uint8Array, start: number, end: number): number[] {
  const keys: number[] = [];
  for (let key = start; key < end; key++) if (isTarget[key] === 1) keys.push(key - start);
  return keys;
}

/** The target's keys in the order in which the graph gathers them, as absolute positions. */
function absolute(
  pastKeys: readonly number[],
  start: number,
  newKeys: readonly number[],
  past: number,
): number[] {
  return [...pastKeys.map((key) => key + start), ...newKeys.map((key) => key + past)];
}

/** `[target keys, target pieces]`; zeros for a stand-in. */
function targetSpans({ pieces }: Chunk, keys: readonly number[]): Tensor {
  const columns = Math.max(1, pieces.target.length);
  const rows = Math.max(1, keys.length);
  const data = new Float32Array(rows * columns);
  for (const [row, key] of keys.entries()) {
    const column = pieces.target.findIndex(({ start, end }) => key >= start && key < end);
    if (column >= 0) data[row * columns + column] = 1;
  }
  return floats(data, [rows, columns]);
}

/** Rows that see a key inside the target and one outside, `[tokens]`. */
function rowsWithBoth({ isTarget, past, tokens }: Chunk, window: number | null): Uint8Array {
  const inside = new Int32Array(isTarget.length + 1);
  for (let i = 0; i < isTarget.length; i++) inside[i + 1] = inside[i]! + isTarget[i]!;
  return Uint8Array.from({ length: tokens.length }, (_, row) => {
    const position = past + row;
    const first = firstVisible(position, window);
    const seen = inside[position + 1]! - inside[first]!;
    return seen > 0 && seen < position + 1 - first ? 1 : 0;
  });
}

const IDENTITY: RowMap = rowMap('off', 1);

/** Every row's own map, `[4 · layers, kvHeads, tokens · group, 1]`: rows that must stay as they are get the identity. */
function policyFeed(
  intervention: Intervention | undefined,
  { layers, kvHeads, group, heads, windowOf }: GraphShape,
  mixedRows: readonly Uint8Array[],
  count: number,
): { policy: Tensor; touched: Int32Array } {
  const partSize = layers * heads * count;
  const data = new Float32Array(POLICY_PARTS.length * partSize);
  const touched = new Int32Array(layers);
  for (let layer = 0; layer < layers; layer++) {
    const mixed = mixedRows[windowOf[layer]!]!;
    for (let head = 0; head < heads; head++) {
      const strength = intervention?.strength[layer * heads + head] ?? 1;
      const acts = intervention !== undefined && !isIdentity(intervention.policy, strength);
      const map = acts ? rowMap(intervention.policy, strength) : IDENTITY;
      const base = (layer * kvHeads + Math.floor(head / group)) * count * group + (head % group);
      for (let row = 0; row < count; row++) {
        const act = acts && mixed[row] === 1;
        if (act) touched[layer]!++;
        const { exponent, multiplier, floor } = act ? map : IDENTITY;
        const at = base + row * group;
        data[at] = exponent;
        data[partSize + at] = multiplier;
        data[2 * partSize + at] = multiplier - 1;
        data[3 * partSize + at] = Math.max(MASKED, Math.log(floor));
      }
    }
  }
  return { policy: floats(data, [POLICY_PARTS.length * layers, kvHeads, count * group, 1]), touched };
}

function sequenceOf(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

function floats(data: Float32Array, dimensions: readonly number[]): Tensor {
  return new Tensor('float32', data, dimensions);
}

function indices(values: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
}
