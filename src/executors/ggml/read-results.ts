import type { Blueprint } from '../../architectures/index.js';
import { type DecoderShape, type ForwardResult, firstVisible, type Sides } from '../contract/index.js';
import type { Attended } from './attention-graph.js';
import type { Ggml } from './bindings.js';
import type { PassOutputs } from './decoder-graph.js';
import { elementsOf, type Value } from './graph-builder.js';
import type { Chunk, Group, PassPlan } from './pass-plan.js';
import { logitRowsOf } from './plan-pass.js';

/** Reads the outputs of a pass and writes them into the requests' results. */
export function readResults(
  ggml: Ggml,
  plan: PassPlan,
  outputs: PassOutputs,
  shape: DecoderShape,
  { vocabSize, hiddenSize }: Blueprint,
  resultOf: (chunk: Chunk) => ForwardResult,
): void {
  const read = (value: Value): Float32Array => {
    const data = new Float32Array(elementsOf(value.shape));
    ggml.get(value.tensor, data, 0, data.byteLength);
    return data;
  };
  const readPart = (value: Value, into: Float32Array, from: number): void =>
    ggml.get(value.tensor, into, from * 4, into.byteLength);

  let logitRow = 0;
  for (const group of plan.groups) {
    for (const [sequence, { chunk, offset }] of group.parts.entries()) {
      const result = resultOf(chunk);
      const count = logitRowsOf({ ...group, parts: [group.parts[sequence]!] }).length;
      if (count > 0) {
        const to = chunk.request.logits === 'all' ? (chunk.first + offset) * vocabSize : 0;
        readPart(outputs.logits!, result.logits.subarray(to, to + count * vocabSize), logitRow * vocabSize);
        logitRow += count;
      }
      for (const [index, state] of result.hidden) {
        const row = group.row + sequence * group.tokens;
        const to = (chunk.first + offset) * hiddenSize;
        readPart(
          outputs.hidden.get(index)!,
          state.subarray(to, to + group.tokens * hiddenSize),
          row * hiddenSize,
        );
      }
    }
  }
  for (const [layer, groups] of outputs.attended.entries()) {
    for (const [index, attended] of groups.entries()) {
      const group = plan.groups[index]!;
      const isTapped = plan.attentionTaps.includes(layer);
      if (group.columns === 0 && !isTapped) continue;
      readAttention(layer, group, readAll(attended, isTapped, read), shape, resultOf);
    }
  }
}

/** The numbers of {@link Attended}; those that are absent are null. */
type Numbers = { readonly [Name in keyof Attended]: Float32Array | null };

function readAll(attended: Attended, isTapped: boolean, read: (value: Value) => Float32Array): Numbers {
  const wanted = (value: Value | null): Float32Array | null => (value === null ? null : read(value));
  const tapped = (value: Value | null): Float32Array | null => (isTapped ? wanted(value) : null);
  return {
    output: null,
    shares: wanted(attended.shares),
    targetShares: wanted(attended.targetShares),
    restShares: wanted(attended.restShares),
    before: wanted(attended.before),
    after: wanted(attended.after),
    weights: tapped(attended.weights),
    targetWeights: tapped(attended.targetWeights),
    restWeights: tapped(attended.restWeights),
  };
}

function readAttention(
  layer: number,
  group: Group,
  numbers: Numbers,
  { heads, windows, windowOf }: DecoderShape,
  resultOf: (chunk: Chunk) => ForwardResult,
): void {
  const windowIndex = windowOf[layer]!;
  const window = windows[windowIndex]!;
  for (const [sequence, { chunk, offset }] of group.parts.entries()) {
    const { request } = chunk;
    const result = resultOf(chunk);
    const past = chunk.past + offset;
    const { sides, isTarget } = group.views[sequence]![windowIndex]!;
    const rows = request.tokens.length;
    const attention = result.attention.get(layer);
    for (let head = 0; head < heads; head++) {
      for (let token = 0; token < group.tokens; token++) {
        const from = group.tokens === 1 ? sequence * heads + head : head * group.tokens + token;
        const to = (layer * heads + head) * rows + chunk.first + offset + token;
        const row: Row = { from, side: sides[token]!, position: past + token, window, isTarget };
        const share = sharesOf(row, numbers);
        if (result.targetShares) {
          result.targetShares.before[to] = share.before;
          result.targetShares.after[to] = share.after;
        }
        if (result.spanShares) readSpans(result.spanShares, to, group, chunk, numbers, row, share);
        if (attention !== undefined && numbers.weights !== null) {
          const width = attention.length / heads / rows;
          const at = (head * rows + chunk.first + offset + token) * width;
          readWeights(attention.subarray(at, at + width), group, windowIndex, numbers, row, share);
        }
      }
    }
  }
}

/** One row of attention, `[heads, tokens]` or `[sequences, heads]` in the graph's outputs. */
interface Row {
  /** Its index in the outputs. */
  readonly from: number;
  readonly side: Sides;
  readonly position: number;
  readonly window: number | null;
  readonly isTarget: Uint8Array;
}

/** π and π′ of a row. */
interface Share {
  readonly before: number;
  readonly after: number;
}

function sharesOf({ from, side }: Row, { before, after }: Numbers): Share {
  if (side !== 'mixed' || before === null) {
    const share = side === 'target' ? 1 : 0;
    return { before: share, after: share };
  }
  return { before: before[from]!, after: after![from]! };
}

/**
 * Computes the shares of spans from those of their pieces. A piece of the gaining side has its fraction of that side's
 * new share. A piece of the losing side is scaled by (1 − π′) / (1 − π), or by π′/π if that side is the target. Under a
 * policy that only raises, π′ may still be below π by the last bit: then the rest has no fractions and is scaled too.
 */
function readSpans(
  into: { readonly before: Float32Array; readonly after: Float32Array },
  to: number,
  { columns }: Group,
  { request, pieces }: Chunk,
  { shares, targetShares, restShares }: Numbers,
  { from, side }: Row,
  { before, after }: Share,
): void {
  const first = to * request.spans!.length;
  const row = from * columns;
  const target = shares![row]!;
  const isChanged = side === 'mixed' && after !== before;
  // Factors on the shares of pieces whose side's own shares are not needed.
  const inside = target === 0 ? 0 : after / target;
  const outside = (1 - after) / (1 - before);
  for (let index = 0; index < pieces.length; index++) {
    const { span, inTarget } = pieces[index]!;
    const column = row + 1 + index;
    const own = shares![column]!;
    let used = own;
    if (isChanged && inTarget) {
      used = targetShares === null ? own * inside : after * targetShares[column]!;
    } else if (isChanged) {
      used = after > before || restShares === null ? own * outside : (1 - after) * restShares[column]!;
    }
    into.before[first + span]! += own;
    into.after[first + span]! += used;
  }
}

/** Writes the weights that a row used, `[all tokens]`. */
function readWeights(
  into: Float32Array,
  group: Group,
  windowIndex: number,
  { weights, targetWeights, restWeights }: Numbers,
  { from, side, position, window, isTarget }: Row,
  { before, after }: Share,
): void {
  const { start, end, stretch } = group.windows[windowIndex]!;
  const changed = side === 'mixed' && after !== before;
  for (let key = firstVisible(position, window); key <= position; key++) {
    let weight = weights![from * (end - start) + key - start]!;
    if (changed && isTarget[key] === 1) {
      const inTarget = targetWeights?.[from * (stretch.end - stretch.start) + key - stretch.start];
      weight = inTarget === undefined ? weight * (after / before) : after * inTarget;
    } else if (changed) {
      const inRest = after > before ? undefined : restWeights?.[from * (end - start) + key - start];
      weight = inRest === undefined ? weight * ((1 - after) / (1 - before)) : (1 - after) * inRest;
    }
    into[key] = weight;
  }
}
