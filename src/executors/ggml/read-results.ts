import type { Blueprint } from '../../architectures/index.js';
import {
  type CandidateRequest,
  type Candidates,
  candidatesOf,
  type DecoderShape,
  type ForwardResult,
  firstVisible,
  type Sides,
} from '../contract/index.js';
import type { Attended } from './attention-graph.js';
import type { Ggml } from './bindings.js';
import type { PassOutputs } from './decoder-graph.js';
import { readTensor } from './memory.js';
import type { Chunk, Group, PassPlan } from './pass-plan.js';
import { logitRowsOf } from './plan-pass.js';
import { elementsOf, type Value } from './tensor.js';

/** A result that passes fill. */
export type PassResult = ForwardResult & { candidates?: Candidates };

/** Reads the outputs of passes and writes them into the requests' results. */
export class ResultReader {
  /** Memory for the numbers of one layer and group, by output, to be used again. */
  readonly #memory = new Map<keyof Attended, Float32Array>();
  /** Memory for a row whose candidates are wanted. */
  readonly #logits: Float32Array;

  constructor(
    private readonly ggml: Ggml,
    private readonly shape: DecoderShape,
    private readonly blueprint: Blueprint,
  ) {
    this.#logits = new Float32Array(blueprint.vocabSize);
  }

  /** Reads all that a pass computed. */
  read(plan: PassPlan, outputs: PassOutputs, resultOf: (chunk: Chunk) => PassResult): void {
    this.#readRows(plan, outputs, resultOf);
    const places = plan.groups.map((group) => placesOf(group, resultOf));
    for (const [layer, groups] of outputs.attended.entries()) {
      const isTapped = plan.attentionTaps.includes(layer);
      for (const [index, attended] of groups.entries()) {
        if (plan.groups[index]!.columns === 0 && !isTapped) continue;
        const numbers = this.#numbersOf(attended, isTapped);
        for (const place of places[index]!) readLayer(layer, place, numbers, this.shape);
      }
    }
  }

  /** Logits and hidden states. */
  #readRows(plan: PassPlan, outputs: PassOutputs, resultOf: (chunk: Chunk) => PassResult): void {
    const { vocabSize, hiddenSize } = this.blueprint;
    let logitRow = 0;
    for (const group of plan.groups) {
      for (const [sequence, part] of group.parts.entries()) {
        const { chunk, offset } = part;
        const result = resultOf(chunk);
        const count = logitRowsOf({ ...group, parts: [part] }).length;
        if (count > 0 && typeof chunk.request.logits === 'object') {
          result.candidates = this.#candidates(outputs, logitRow, chunk.request.logits);
          logitRow += count;
        } else if (count > 0) {
          const to = chunk.request.logits === 'all' ? (chunk.first + offset) * vocabSize : 0;
          const into = result.logits.subarray(to, to + count * vocabSize);
          this.#copy(outputs.logits!, into, logitRow * vocabSize);
          logitRow += count;
        }
        for (const [index, state] of result.hidden) {
          const row = group.row + sequence * group.tokens;
          const to = (chunk.first + offset) * hiddenSize;
          const into = state.subarray(to, to + group.tokens * hiddenSize);
          this.#copy(outputs.hidden.get(index)!, into, row * hiddenSize);
        }
      }
    }
  }

  #candidates(outputs: PassOutputs, row: number, request: CandidateRequest): Candidates {
    const { vocabSize } = this.blueprint;
    this.#copy(outputs.logits!, this.#logits, row * vocabSize);
    return candidatesOf(this.#logits, request, (id) => {
      const probability = new Float32Array(1);
      this.#copy(outputs.probabilities!, probability, row * vocabSize + id);
      return probability[0]!;
    });
  }

  #numbersOf(attended: Attended, isTapped: boolean): Numbers {
    const wanted = (name: keyof Attended, isWanted = true): Float32Array | null => {
      const value = isWanted ? attended[name] : null;
      if (value === null) return null;
      const size = elementsOf(value.shape);
      let memory = this.#memory.get(name);
      if (memory === undefined || memory.length < size) {
        memory = new Float32Array(size);
        this.#memory.set(name, memory);
      }
      this.#copy(value, memory.subarray(0, size), 0);
      return memory;
    };
    return {
      shares: wanted('shares'),
      targetShares: wanted('targetShares'),
      restShares: wanted('restShares'),
      before: wanted('before'),
      after: wanted('after'),
      weights: wanted('weights', isTapped),
      targetWeights: wanted('targetWeights', isTapped),
      restWeights: wanted('restWeights', isTapped),
    };
  }

  /** @param from element of the value */
  #copy(value: Value, into: Float32Array, from: number): void {
    readTensor(this.ggml, value, into, from * 4);
  }
}

/** The numbers of {@link Attended}, but for its output; those that are absent are null. */
type Numbers = { readonly [Name in Exclude<keyof Attended, 'output'>]: Float32Array | null };

/** Where the numbers of one part of a group are, and where they go. */
interface Place {
  readonly group: Group;
  /** Index of the part in the group. */
  readonly sequence: number;
  readonly result: PassResult;
  /** Rows of the request, and the first that this pass computed. */
  readonly rows: number;
  readonly first: number;
  /** Position of the first. */
  readonly past: number;
  readonly spans: number;
  /** Of each piece of a span: the span, and 1 if it is inside the target. */
  readonly spanOf: Int32Array;
  readonly inTarget: Uint8Array;
}

/** Finds what all layers share once. */
function placesOf(group: Group, resultOf: (chunk: Chunk) => PassResult): Place[] {
  return group.parts.map(({ chunk, offset }, sequence) => ({
    ...{ group, sequence },
    result: resultOf(chunk),
    rows: chunk.request.tokens.length,
    first: chunk.first + offset,
    past: chunk.past + offset,
    spans: chunk.request.spans?.length ?? 0,
    spanOf: Int32Array.from(chunk.pieces, ({ span }) => span),
    inTarget: Uint8Array.from(chunk.pieces, ({ inTarget }) => (inTarget ? 1 : 0)),
  }));
}

function readLayer(
  layer: number,
  place: Place,
  numbers: Numbers,
  { heads, windows, windowOf }: DecoderShape,
): void {
  const { group, sequence, result, rows, first, past } = place;
  const { targetShares, spanShares } = result;
  const windowIndex = windowOf[layer]!;
  const window = windows[windowIndex]!;
  const { sides, isTarget } = group.views[sequence]![windowIndex]!;
  const attention = result.attention.get(layer);
  for (let head = 0; head < heads; head++) {
    for (let token = 0; token < group.tokens; token++) {
      const from = group.tokens === 1 ? sequence * heads + head : head * group.tokens + token;
      const to = (layer * heads + head) * rows + first + token;
      const side = sides[token]!;
      const isMapped = side === 'mixed' && numbers.before !== null;
      const before = isMapped ? numbers.before[from]! : side === 'target' ? 1 : 0;
      const after = isMapped ? numbers.after![from]! : before;
      if (targetShares) {
        targetShares.before[to] = before;
        targetShares.after[to] = after;
      }
      if (spanShares) readSpans(place, to, numbers, from, before, after);
      if (attention !== undefined && numbers.weights !== null) {
        const width = attention.length / heads / rows;
        const at = (head * rows + first + token) * width;
        const row: Row = { from, side, position: past + token, window, isTarget };
        const share = { before, after };
        readWeights(attention.subarray(at, at + width), group, windowIndex, numbers, row, share);
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

/**
 * Computes the shares of spans from those of their pieces. A piece of the gaining side has its fraction of that side's
 * new share. A piece of the losing side is scaled by (1 − π′) / (1 − π), or by π′/π if that side is the target. Under a
 * policy that only raises, π′ may still be below π by the last bit: then the rest has no fractions and is scaled too.
 * @param to row of the result @param from row of the graph's outputs
 */
function readSpans(
  { group, result, spans, spanOf, inTarget }: Place,
  to: number,
  { shares, targetShares, restShares }: Numbers,
  from: number,
  before: number,
  after: number,
): void {
  const into = result.spanShares!;
  const own = shares!;
  const first = to * spans;
  const row = from * group.columns;
  const target = own[row]!;
  const isChanged = after !== before;
  // Factors on the shares of pieces whose side's own shares are not needed.
  const inside = isChanged ? (target === 0 ? 0 : after / target) : 1;
  const outside = isChanged ? (1 - after) / (1 - before) : 1;
  const ofTarget = isChanged ? targetShares : null;
  const ofRest = isChanged && after <= before ? restShares : null;
  // Stored once a span: to add to memory that was never written costs two page faults.
  let [sum, usedSum] = [0, 0];
  for (let index = 0; index < spanOf.length; index++) {
    const column = row + 1 + index;
    const share = own[column]!;
    const isTarget = inTarget[index] === 1;
    const ofSide = isTarget ? ofTarget : ofRest;
    const used =
      ofSide === null
        ? share * (isTarget ? inside : outside)
        : (isTarget ? after : 1 - after) * ofSide[column]!;
    sum += share;
    usedSum += used;
    const span = spanOf[index]!;
    if (spanOf[index + 1] === span) continue;
    into.before[first + span] = sum;
    into.after[first + span] = usedSum;
    [sum, usedSum] = [0, 0];
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
