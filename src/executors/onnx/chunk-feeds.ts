import { Tensor } from 'onnxruntime-node';
import { POLICY_RULES, rowMap } from '../../attention/index.js';
import type {
  DecoderShape,
  EmbeddingTable,
  ForwardRequest,
  RotationTable,
  SpanPiece,
} from '../contract/index.js';
import { firstVisible, mixedRows } from '../contract/index.js';
import type { Indicator } from './indicator.js';
import { IDENTITY_NUMBERS, mapNumbers, POLICY_PARTS } from './policy-parts.js';
import type { OnnxSequence } from './sequence.js';

/** A logit so low that its weight is 0 next to any other, yet whose sums and differences stay finite. */
const MASKED = -1e30;

/** A mask with one number applies to all keys. */
const ALL_TARGET = Uint8Array.of(1);

/** New tokens that go through the graph in one call. */
export interface Chunk {
  readonly request: ForwardRequest;
  readonly sequence: OnnxSequence;
  /** Tokens already in the cache. */
  readonly past: number;
  readonly tokens: readonly number[] | Int32Array;
  readonly pieces: readonly SpanPiece[];
  /** `[past + tokens]`, 1 inside the target. */
  readonly isTarget: Uint8Array;
}

export type Feeds = Record<string, Tensor>;

/** A chunk as inputs of the graph, and what is needed to read the outputs. */
export interface FedChunk {
  readonly feeds: Feeds;
  /** Outputs with a preassigned destination: the cache's next rows. */
  readonly fetches: Feeds;
  readonly columns: SpanColumns;
  /** Whether any key of the target is in view, per window. If not, the graph returns the share of a placeholder. */
  readonly targetSeen: readonly boolean[];
}

/** The columns of the graph's outputs for spans. */
export interface SpanColumns {
  /** Columns of `span_shares`: shares before the policy. */
  readonly plain: readonly SpanPiece[];
  /** Columns of `side_span_shares`: fractions of the side that gains. */
  readonly side: readonly SpanPiece[];
  /** Whether the rest may gain too; otherwise only the target gains. */
  readonly bothSides: boolean;
}

/**
 * Returns the columns for a chunk. Under a policy that only raises, shares inside the target follow from the fractions
 * of the target, so the rest's keys need not be gathered a second time.
 */
function spanColumns({ pieces, request: { intervention } }: Chunk): SpanColumns {
  const bothSides = intervention !== undefined && !POLICY_RULES[intervention.policy].onlyRaises;
  if (bothSides) return { plain: pieces, side: pieces, bothSides };
  return {
    plain: pieces.filter(({ inTarget }) => !inTarget),
    side: pieces.filter(({ inTarget }) => inTarget),
    bothSides,
  };
}

/**
 * Returns a chunk as inputs of the graph.
 * @param indicator scratch memory that the inputs refer to: they are valid until its next use
 */
export function chunkFeeds(
  chunk: Chunk,
  shape: DecoderShape,
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
    feeds[`cos.${i}`] = floats(cos, [count, cos.length / count]);
    feeds[`sin.${i}`] = floats(sin, [count, sin.length / count]);
  }

  const columns = spanColumns(chunk);
  const { bothSides } = columns;
  const spans = indicator.update(columns.plain, total);
  const mixed: Uint8Array[] = [];
  const targetSeen: boolean[] = [];
  for (const [i, window] of shape.windows.entries()) {
    const start = firstVisible(past, window);
    const target = targetKeys(chunk.isTarget, start);
    targetSeen.push(target.length > 0);
    feeds[`mask.${i}`] = mask(past, start, count, shape.group, window);
    const inView = floats(spans.data.subarray(start * spans.columns), [total - start, spans.columns]);
    feeds[`spans.${i}`] = inView;
    // If no key of the target is in view, the softmax runs over a placeholder and its result is not used.
    feeds[`side_keys.${i}`] = indices(
      bothSides ? sequenceOf(0, total - start) : target.length > 0 ? target : [0],
    );
    feeds[`side_spans.${i}`] = bothSides ? inView : targetSpans(columns.side, start, target);
    const ofSide = bothSides ? chunk.isTarget.subarray(start) : ALL_TARGET;
    feeds[`target_mask.${i}`] = sideMask(ofSide, { target: 0, rest: MASKED });
    // If the rest cannot gain, none of its keys were gathered.
    feeds[`rest_mask.${i}`] = sideMask(ofSide, { target: bothSides ? MASKED : 0, rest: 0 });
    mixed.push(mixedRows(chunk.isTarget, past, tokens.length, window));
  }
  feeds.policy = policyFeed(request, shape, mixed, count);
  const fetches = cacheTensors(chunk, shape, feeds);
  return { feeds, fetches, columns, targetSeen };
}

/** Points each layer's inputs at its cache, including the new rows, and returns the outputs that write these rows. */
function cacheTensors({ sequence, past, tokens }: Chunk, shape: DecoderShape, feeds: Feeds): Feeds {
  const { kvHeads, headDim, windows, windowOf } = shape;
  const total = past + tokens.length;
  const fetches: Feeds = {};
  for (let layer = 0; layer < shape.layers; layer++) {
    const start = firstVisible(past, windows[windowOf[layer]!]!);
    const seen = sequence.view(layer, start, total);
    const added = sequence.view(layer, past, total);
    for (const part of ['keys', 'values'] as const) {
      feeds[`layers.${layer}.${part}`] = floats(seen[part], [total - start, kvHeads, headDim]);
      fetches[`layers.${layer}.new_${part}`] = floats(added[part], [1, tokens.length, kvHeads * headDim]);
    }
  }
  return fetches;
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

/** Returns the mask for causality and the window, `[tokens · group, keys]`; a single token sees all of its view. */
function mask(past: number, start: number, count: number, group: number, window: number | null): Tensor {
  if (count === 1) return floats(new Float32Array(1), [1, 1]);
  const keys = past + count - start;
  const data = new Float32Array(count * group * keys);
  for (let query = 0; query < count; query++) {
    const position = past + query;
    const first = firstVisible(position, window) - start;
    for (let row = query * group; row < (query + 1) * group; row++) {
      data.fill(MASKED, row * keys, row * keys + first);
      data.fill(MASKED, row * keys + position + 1 - start, (row + 1) * keys);
    }
  }
  return floats(data, [count * group, keys]);
}

/** Returns the indices of the target's keys from `start` on, relative to `start`. */
function targetKeys(isTarget: Uint8Array, start: number): number[] {
  const keys: number[] = [];
  for (let key = start; key < isTarget.length; key++) if (isTarget[key] === 1) keys.push(key - start);
  return keys;
}

/** Returns the numbers to add to the log-weights of keys inside and outside the target, `[keys]`. */
function sideMask(isTarget: Uint8Array, added: { readonly target: number; readonly rest: number }): Tensor {
  return floats(
    Float32Array.from(isTarget, (inside) => (inside === 1 ? added.target : added.rest)),
    [isTarget.length],
  );
}

/** `[target keys, target pieces]`; one row of zeros for a placeholder. */
function targetSpans(pieces: readonly SpanPiece[], start: number, keys: readonly number[]): Tensor {
  const columns = Math.max(1, pieces.length);
  const rows = Math.max(1, keys.length);
  const data = new Float32Array(rows * columns);
  let column = 0;
  for (const [row, key] of keys.entries()) {
    while (column < pieces.length && pieces[column]!.end <= start + key) column++;
    if (column < pieces.length && pieces[column]!.start <= start + key) {
      data[row * columns + column] = 1;
    }
  }
  return floats(data, [rows, columns]);
}

/**
 * Returns each row's map and its head's gain, `[parts · layers · kvHeads, tokens · group, 1]`. Rows that must not
 * change get the identity.
 */
function policyFeed(
  { intervention, silenced }: ForwardRequest,
  { layers, kvHeads, group, heads, windowOf }: DecoderShape,
  mixedOf: readonly Uint8Array[],
  count: number,
): Tensor {
  const partSize = layers * heads * count;
  const data = new Float32Array(POLICY_PARTS.length * partSize);
  const numbersAt = memoised((strength) => mapNumbers(rowMap(intervention!.policy, strength)));
  for (let layer = 0; layer < layers; layer++) {
    const mixed = mixedOf[windowOf[layer]!]!;
    for (let head = 0; head < heads; head++) {
      const pair = layer * heads + head;
      const mapped = intervention ? numbersAt(intervention.strength[pair]!) : IDENTITY_NUMBERS;
      const gain = silenced?.[pair] === 1 ? 0 : 1;
      const base = (layer * kvHeads + Math.floor(head / group)) * count * group + (head % group);
      for (let row = 0; row < count; row++) {
        const numbers = mixed[row] === 1 ? mapped : IDENTITY_NUMBERS;
        const at = base + row * group;
        for (let part = 0; part < numbers.length; part++) data[part * partSize + at] = numbers[part]!;
        data[numbers.length * partSize + at] = gain;
      }
    }
  }
  return floats(data, [POLICY_PARTS.length * layers * kvHeads, count * group, 1]);
}

/** Caches the last result of a function of a number: most heads have the same strength. */
function memoised<T>(compute: (value: number) => T): (value: number) => T {
  let last: { readonly value: number; readonly result: T } | null = null;
  return (value) => {
    if (last?.value !== value) last = { value, result: compute(value) };
    return last.result;
  };
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
