import {
  type Blueprint,
  type ModelPlan,
  type RopeFrequencies,
  ropeFrequencies,
} from '../../architectures/index.js';
import { attendRow, isIdentity, type RowMap, rowMap, softmax } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import type { Checkpoint } from '../../formats/index.js';
import { withCandidates } from '../candidates.js';
import type { Executor, ForwardRequest, ForwardResult, Sequence } from '../contract.js';
import { forwardAll } from '../forward-all.js';
import { OwnedSequence } from '../owned-sequence.js';
import { firstVisible, targetMask, throwIfAborted } from '../request.js';
import { emptyResult } from '../result.js';
import { addInto, geluTanh, linear, rmsNorm, rotate, silu, softCap } from './math.js';
import { type LayerWeights, type ReferenceWeights, readReferenceWeights } from './weights.js';

/** Loads a model for the oracle: plain loops, f64 activations and cache, f32 weights. */
export async function createReferenceExecutor(plan: ModelPlan, checkpoint: Checkpoint): Promise<Executor> {
  return new ReferenceExecutor(plan.blueprint, await readReferenceWeights(plan, checkpoint));
}

/** Keys and values of one layer, newest last; each entry `[kvHeads × headDim]`. */
interface LayerCache {
  readonly keys: Float64Array[];
  readonly values: Float64Array[];
}

class ReferenceSequence extends OwnedSequence implements Sequence {
  readonly caches: readonly LayerCache[];
  /** One for each layer; null where it has none. */
  readonly ropes: readonly (RopeFrequencies | null)[];

  constructor(owner: object, { layers }: Blueprint, contextLength: number) {
    super(owner, contextLength);
    this.caches = layers.map(() => ({ keys: [], values: [] }));
    this.ropes = layers.map(({ attention: { rope } }) => rope && ropeFrequencies(rope, contextLength));
  }

  get length(): number {
    return this.caches[0]!.keys.length;
  }

  truncate(length: number): void {
    const kept = Math.max(0, length);
    for (const { keys, values } of this.caches) {
      keys.length = Math.min(keys.length, kept);
      values.length = Math.min(values.length, kept);
    }
  }
}

/** What one token needs while it passes through the layers. */
interface Step {
  readonly position: number;
  /** Index among the new tokens of this call. */
  readonly row: number;
  readonly request: ForwardRequest;
  /** `[all tokens]`, 1 inside the target. */
  readonly isTarget: Uint8Array;
  readonly result: ForwardResult;
}

class ReferenceExecutor implements Executor {
  readonly name = 'reference';
  readonly precision = 'f32';
  #disposed = false;
  /** When others had their turn. */
  #pausedMs = performance.now();

  constructor(
    readonly blueprint: Blueprint,
    private readonly weights: ReferenceWeights,
  ) {}

  open(contextLength: number): Sequence {
    this.#assertUsable();
    return new ReferenceSequence(this, this.blueprint, contextLength);
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    const own = ({ sequence }: ForwardRequest): ReferenceSequence | null =>
      sequence instanceof ReferenceSequence ? sequence : null;
    return forwardAll(this, this.blueprint, requests, own, (request, sequence) =>
      withCandidates(request, (request) => this.#run(request, sequence, options.signal)),
    );
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the executor has been disposed of');
  }

  async #run(
    request: ForwardRequest,
    sequence: ReferenceSequence,
    signal: AbortSignal | undefined,
  ): Promise<ForwardResult> {
    const past = sequence.length;
    const tokens = request.tokens.length;
    const isTarget = targetMask(request.intervention?.target ?? [], past + tokens);
    const result = emptyResult(request, this.blueprint, past);
    for (let row = 0; row < tokens; row++) {
      throwIfAborted(signal);
      this.#assertUsable();
      sequence.assertUsableBy(this);
      const state = this.#token(request.tokens[row]!, {
        position: past + row,
        row,
        request,
        isTarget,
        result,
      });
      const logitsRow =
        request.logits === 'all' ? row : row === tokens - 1 && request.logits === 'last' ? 0 : -1;
      if (logitsRow >= 0) {
        result.logits.set(this.#logits(state), logitsRow * this.blueprint.vocabSize);
      }
      if (performance.now() - this.#pausedMs > PAUSE_EVERY_MS) {
        // Promises alone never let a timer fire, and so neither a signal that hangs on one.
        await new Promise((resolve) => setTimeout(resolve, 0));
        this.#pausedMs = performance.now();
      }
    }
    return result;
  }

  /** `[vocab]` of a state after the final norm. */
  #logits(state: Float64Array): Float64Array {
    const { logitScale, logitCap } = this.blueprint;
    return linear(state, this.weights.head).map((logit) => softCap(logitScale * logit, logitCap));
  }

  /** One token through all layers; returns the state after the final norm, `[hidden]`. */
  #token(id: number, step: Step): Float64Array {
    const { hiddenSize, embeddingScale, residualScale, normEpsilon, layers } = this.blueprint;
    const { hidden } = step.result;
    const state = Float64Array.from(
      this.weights.embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize),
      (value) => value * embeddingScale,
    );
    // A norm that the family does not have has no weight.
    const norm = (x: Float64Array, weight: Float32Array | undefined): Float64Array =>
      weight === undefined ? x : rmsNorm(x, weight, normEpsilon);
    layers.forEach((layer, index) => {
      hidden.get(index)?.set(state, step.row * hiddenSize);
      const weights = this.weights.layers[index]!;

      const attended = this.#attention(norm(state, weights.attentionNorm), index, step);
      const mixed = linear(attended, weights.output!, weights.outputBias);
      addInto(state, norm(mixed, weights.postAttentionNorm), residualScale);

      const fed = feedForward(norm(state, weights.mlpNorm), weights, layer.mlp.activation);
      addInto(state, norm(fed, weights.postMlpNorm), residualScale);
    });
    const final = rmsNorm(state, this.weights.finalNorm, normEpsilon);
    hidden.get(layers.length)?.set(final, step.row * hiddenSize);
    return final;
  }

  /** Attention of one token in one layer; `x` is the normed state, the result `[heads × headDim]`. */
  #attention(x: Float64Array, layer: number, step: Step): Float64Array {
    const { position, request } = step;
    const attention = this.blueprint.layers[layer]!.attention;
    const { heads, kvHeads, headDim, scale, scoreCap, window } = attention;
    const cache = (request.sequence as ReferenceSequence).caches[layer]!;
    const query = this.#project(x, layer, 'query', step);
    cache.keys.push(this.#project(x, layer, 'key', step));
    cache.values.push(linear(x, this.weights.layers[layer]!.value!, this.weights.layers[layer]!.valueBias));

    const first = firstVisible(position, window);
    const isTarget = step.isTarget.subarray(first, position + 1);
    const output = new Float64Array(heads * headDim);
    for (let head = 0; head < heads; head++) {
      // Grouped-query attention: consecutive query heads share a key-value head.
      const kv = Math.floor(head / (heads / kvHeads)) * headDim;
      const logits = Float64Array.from(isTarget, (_, i) =>
        softCap(scale * dot(query, head * headDim, cache.keys[first + i]!, kv, headDim), scoreCap),
      );
      const map = this.#rowMap(step, layer, head);
      const row = attendRow(logits, isTarget, map);
      const gain = request.silenced?.[layer * heads + head] === 1 ? 0 : 1;
      row.weights.forEach((weight, i) => {
        const value = cache.values[first + i]!;
        for (let d = 0; d < headDim; d++) output[head * headDim + d]! += gain * weight * value[kv + d]!;
      });
      this.#record(step, layer, head, { ...row, logits, first });
    }
    return output;
  }

  /** Query or key of one token: projected, normed where the family does, rotated to its position. */
  #project(
    x: Float64Array,
    layer: number,
    which: 'query' | 'key',
    { position, request }: Step,
  ): Float64Array {
    const weights = this.weights.layers[layer]!;
    const { headDim, queryKeyNorm } = this.blueprint.layers[layer]!.attention;
    const projected = linear(x, weights[which]!, weights[`${which}Bias`]);
    // The norm's weight is as long as what is normed together: a head, or all of them.
    const vector =
      queryKeyNorm === null
        ? projected
        : rmsNorm(projected, weights[`${which}Norm`]!, this.blueprint.normEpsilon);
    const rope = (request.sequence as ReferenceSequence).ropes[layer]!;
    if (rope !== null) {
      const { cos, sin } = rotation(rope, position);
      rotate(vector, headDim, cos, sin);
    }
    return vector;
  }

  #rowMap({ request }: Step, layer: number, head: number): RowMap {
    const { intervention } = request;
    if (!intervention) return IDENTITY;
    const heads = this.blueprint.layers[layer]!.attention.heads;
    return rowMap(intervention.policy, intervention.strength[layer * heads + head]!);
  }

  #record(step: Step, layer: number, head: number, row: RecordedRow): void {
    const { result, request, position } = step;
    const { heads } = this.blueprint.layers[layer]!.attention;
    const rows = request.tokens.length;
    const index = (layer * heads + head) * rows + step.row;
    if (request.intervention && result.targetShares && result.touched) {
      result.targetShares.before[index] = row.before;
      result.targetShares.after[index] = row.after;
      const strength = request.intervention.strength[layer * heads + head]!;
      if (row.mixed && !isIdentity(request.intervention.policy, strength)) result.touched[layer]!++;
    }
    if (request.spans && result.spanShares) {
      const plain = softmax(row.logits);
      for (const [g, { start, end }] of request.spans.entries()) {
        const from = Math.max(start, row.first) - row.first;
        const to = Math.min(end, position + 1) - row.first;
        result.spanShares.before[index * request.spans.length + g] = sum(plain, from, to);
        result.spanShares.after[index * request.spans.length + g] = sum(row.weights, from, to);
      }
    }
    const total = step.isTarget.length;
    result.attention.get(layer)?.set(row.weights, (head * rows + step.row) * total + row.first);
  }
}

interface RecordedRow {
  /** Scaled query·key, and the weights as used, over the visible keys. */
  readonly logits: Float64Array;
  readonly weights: Float64Array;
  readonly before: number;
  readonly after: number;
  readonly mixed: boolean;
  /** First visible key. */
  readonly first: number;
}

/** How long the caller's signal and screen wait for their turn at most, as far as one token's work allows. */
const PAUSE_EVERY_MS = 50;

const IDENTITY: RowMap = rowMap('off', 1);

/** Gated MLP (Shazeer 2020): W_down(act(W_gate·x) ⊙ W_up·x). */
function feedForward(x: Float64Array, weights: LayerWeights, activation: 'silu' | 'gelu-tanh'): Float64Array {
  const act = activation === 'silu' ? silu : geluTanh;
  const gate = linear(x, weights.gate!, weights.gateBias);
  const up = linear(x, weights.up!, weights.upBias);
  return linear(
    gate.map((value, i) => act(value) * up[i]!),
    weights.down!,
    weights.downBias,
  );
}

function rotation(
  { inverseFrequencies, amplitude }: RopeFrequencies,
  position: number,
): { cos: Float64Array; sin: Float64Array } {
  return {
    cos: inverseFrequencies.map((frequency) => amplitude * Math.cos(position * frequency)),
    sin: inverseFrequencies.map((frequency) => amplitude * Math.sin(position * frequency)),
  };
}

function dot(a: Float64Array, aOffset: number, b: Float64Array, bOffset: number, size: number): number {
  let total = 0;
  for (let i = 0; i < size; i++) total += a[aOffset + i]! * b[bOffset + i]!;
  return total;
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i]!;
  return total;
}
