import type { Blueprint, ModelPlan, RopeFrequencies } from '../../architectures/index.js';
import { attendRow, IDENTITY_MAP, type RowMap, rowMap, softCap } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import type { Checkpoint } from '../../formats/index.js';
import type {
  Executor,
  ForwardRequest,
  ForwardResult,
  OperationObserver,
  Sequence,
} from '../contract/index.js';
import {
  copySequence,
  emptyResult,
  firstVisible,
  forwardAll,
  targetMask,
  throwIfAborted,
  withCandidates,
} from '../contract/index.js';
import { addInto, geluTanh, linear, rmsNorm, rotate, silu } from './math.js';
import { ReferenceSequence } from './sequence.js';
import { recordRow, type Step } from './step.js';
import { type ReferenceWeights, readReferenceWeights } from './weights.js';

/** Loads a model for the reference executor: plain loops, f64 activations and cache, f32 weights. */
export async function createReferenceExecutor(plan: ModelPlan, checkpoint: Checkpoint): Promise<Executor> {
  return new ReferenceExecutor(plan.blueprint, await readReferenceWeights(plan, checkpoint));
}

class ReferenceExecutor implements Executor {
  readonly name = 'reference';
  readonly precision = 'f32';
  #disposed = false;
  /** The last time that other tasks could run. */
  #pausedMs = performance.now();

  constructor(
    readonly blueprint: Blueprint,
    private readonly weights: ReferenceWeights,
  ) {}

  open(contextLength: number): ReferenceSequence {
    this.#assertUsable();
    return new ReferenceSequence(this, this.blueprint, contextLength);
  }

  copy(sequence: Sequence): Promise<Sequence> {
    const open = ({ contextLength }: Sequence): ReferenceSequence => this.open(contextLength);
    return copySequence(this, sequence, ReferenceSequence, open, async (from, to) => to.fill(from));
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    return this.#forward(requests, options.signal, () => {});
  }

  async observe(request: ForwardRequest, observer: OperationObserver): Promise<ForwardResult> {
    const [result] = await this.#forward([request], undefined, observer);
    return result!;
  }

  #forward(
    requests: readonly ForwardRequest[],
    signal: AbortSignal | undefined,
    observe: OperationObserver,
  ): Promise<ForwardResult[]> {
    return forwardAll(this, this.blueprint, requests, ReferenceSequence, (request, sequence) =>
      withCandidates(request, (request) => this.#run(request, sequence, signal, observe)),
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
    observe: OperationObserver,
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
        observe,
      });
      const logitsRow =
        request.logits === 'all' ? row : row === tokens - 1 && request.logits === 'last' ? 0 : -1;
      if (logitsRow >= 0) {
        result.logits.set(this.#logits(state), logitsRow * this.blueprint.vocabSize);
      }
      if (performance.now() - this.#pausedMs > PAUSE_EVERY_MS) {
        // Awaiting promises never lets a timer fire, nor a signal that depends on one.
        await new Promise((resolve) => setTimeout(resolve, 0));
        this.#pausedMs = performance.now();
      }
    }
    // A short pass ends before its caller goes on. The caller may abort it then, so wait once and look.
    await Promise.resolve();
    throwIfAborted(signal);
    return result;
  }

  /** Returns the logits of a state after the final norm, `[vocab]`. */
  #logits(state: Float64Array): Float64Array {
    const { logitScale, logitCap } = this.blueprint;
    return linear(state, this.weights.head).map((logit) => softCap(logitScale * logit, logitCap));
  }

  /** Runs one token through all layers. Returns the state after the final norm, `[hidden]`. */
  #token(id: number, step: Step): Float64Array {
    const { hiddenSize, embeddingScale, residualScale, layers } = this.blueprint;
    const { hidden } = step.result;
    const state = Float64Array.from(
      this.weights.embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize),
      (value) => value * embeddingScale,
    );
    layers.forEach(({ mlp }, layer) => {
      hidden.get(layer)?.set(state, step.row * hiddenSize);
      step.observe(`hidden.${layer}`, state);

      const attended = this.#attention(this.#norm(state, layer, 'attentionNorm', step), layer, step);
      const mixed = this.#linear(attended, layer, 'output', step);
      addInto(state, this.#norm(mixed, layer, 'postAttentionNorm', step), residualScale);

      // Gated MLP (Shazeer 2020): W_down(act(W_gate·x) ⊙ W_up·x).
      const x = this.#norm(state, layer, 'mlpNorm', step);
      const act = mlp.activation === 'silu' ? silu : geluTanh;
      const up = this.#linear(x, layer, 'up', step);
      const gated = this.#linear(x, layer, 'gate', step).map((value, i) => act(value) * up[i]!);
      step.observe(`layers.${layer}.gated`, gated);
      const fed = this.#linear(gated, layer, 'down', step);
      addInto(state, this.#norm(fed, layer, 'postMlpNorm', step), residualScale);
    });
    const final = rmsNorm(state, this.weights.finalNorm, this.blueprint.normEpsilon);
    hidden.get(layers.length)?.set(final, step.row * hiddenSize);
    step.observe(`hidden.${layers.length}`, final);
    return final;
  }

  #linear(
    x: Float64Array,
    layer: number,
    name: 'query' | 'key' | 'value' | 'output' | 'gate' | 'up' | 'down',
    step: Step,
  ): Float64Array {
    const weights = this.weights.layers[layer]!;
    const y = linear(x, weights[name]!, weights[`${name}Bias`]);
    step.observe(`layers.${layer}.${name}`, y);
    return y;
  }

  /** Applies a norm. Returns x itself if the layer does not have that norm. */
  #norm(
    x: Float64Array,
    layer: number,
    name: 'attentionNorm' | 'queryNorm' | 'keyNorm' | 'postAttentionNorm' | 'mlpNorm' | 'postMlpNorm',
    step: Step,
  ): Float64Array {
    const weight = this.weights.layers[layer]![name];
    if (weight === undefined) return x;
    const y = rmsNorm(x, weight, this.blueprint.normEpsilon);
    step.observe(`layers.${layer}.${name}`, y);
    return y;
  }

  /** Computes the attention of one token in one layer. `x` is the layer's input; the result is `[heads × headDim]`. */
  #attention(x: Float64Array, layer: number, step: Step): Float64Array {
    const { position, request } = step;
    const attention = this.blueprint.layers[layer]!.attention;
    const { heads, kvHeads, headDim, scale, scoreCap, window } = attention;
    const cache = (request.sequence as ReferenceSequence).caches[layer]!;
    const query = this.#rotated(this.#linear(x, layer, 'query', step), layer, 'query', step);
    cache.keys.push(this.#rotated(this.#linear(x, layer, 'key', step), layer, 'key', step));
    cache.values.push(this.#linear(x, layer, 'value', step));

    const first = firstVisible(position, window);
    const isTarget = step.isTarget.subarray(first, position + 1);
    const output = new Float64Array(heads * headDim);
    for (let head = 0; head < heads; head++) {
      // Grouped-query attention: consecutive query heads share a key-value head.
      const kv = Math.floor(head / (heads / kvHeads)) * headDim;
      const logits = new Float64Array(isTarget.length);
      for (let i = 0; i < logits.length; i++) {
        const product = dot(query, head * headDim, cache.keys[first + i]!, kv, headDim);
        logits[i] = softCap(scale * product, scoreCap);
      }
      const map = this.#rowMap(step, layer, head);
      const row = attendRow(logits, isTarget, map);
      const gain = request.silenced?.[layer * heads + head] === 1 ? 0 : 1;
      const own = output.subarray(head * headDim, (head + 1) * headDim);
      for (let i = 0; i < logits.length; i++) {
        const weight = gain * row.weights[i]!;
        const value = cache.values[first + i]!;
        for (let d = 0; d < headDim; d++) own[d]! += weight * value[kv + d]!;
      }
      recordRow(step, attention, layer, head, { ...row, logits, first });
    }
    step.observe(`layers.${layer}.heads`, output);
    return output;
  }

  /** Returns the query or key of one token, normed if the family does and rotated if the layer does. */
  #rotated(projected: Float64Array, layer: number, which: 'query' | 'key', step: Step): Float64Array {
    const { headDim } = this.blueprint.layers[layer]!.attention;
    // The norm's weight is as long as the elements normed together: one head, or all heads.
    const vector = this.#norm(projected, layer, `${which}Norm`, step);
    const rope = (step.request.sequence as ReferenceSequence).ropes[layer]!;
    if (rope === null) return vector;
    const { cos, sin } = rotation(rope, step.position);
    rotate(vector, headDim, cos, sin);
    step.observe(`layers.${layer}.${which}Rotated`, vector);
    return vector;
  }

  #rowMap({ request }: Step, layer: number, head: number): RowMap {
    const { intervention } = request;
    if (!intervention) return IDENTITY_MAP;
    const heads = this.blueprint.layers[layer]!.attention.heads;
    return rowMap(intervention.policy, intervention.strength[layer * heads + head]!);
  }
}

/** The longest time between two chances for other tasks to run, unless one token takes longer. */
const PAUSE_EVERY_MS = 50;

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
