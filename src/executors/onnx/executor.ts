import { setImmediate } from 'node:timers/promises';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { type Blueprint, type ModelPlan, parameterCount } from '../../architectures/index.js';
import { HoldfastError, messageOf } from '../../errors.js';
import type { Checkpoint } from '../../formats/index.js';
import type {
  EmbeddingTable,
  Executor,
  ExecutorOptions,
  ForwardRequest,
  ForwardResult,
  Sequence,
} from '../contract/index.js';
import {
  chunkTokens,
  copySequence,
  cutSpans,
  type DecoderShape,
  decoderShape,
  emptyResult,
  forwardAll,
  Rotations,
  Turns,
  targetMask,
  throwIfAborted,
  withCandidates,
} from '../contract/index.js';
import { tapAttention } from './attention-tap.js';
import { type Chunk, chunkFeeds } from './chunk-feeds.js';
import { collect, floatsOf, outputsOf } from './chunk-results.js';
import { decoderGraph } from './decoder-graph.js';
import { Indicator } from './indicator.js';
import { OnnxSequence } from './sequence.js';
import { openWeights } from './weights.js';

/** Opens a model in the runtime. */
export async function openExecutor(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { precision, threads }: Required<Pick<ExecutorOptions, 'precision' | 'threads'>>,
): Promise<Executor> {
  const shape = decoderShape(plan.blueprint);
  const weights = await openWeights(plan, checkpoint, precision);
  const model = await decoderGraph(plan.blueprint, shape, weights.graph);
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // The runtime makes a memory plan per set of shapes, and the shapes of a growing cache never repeat.
    enableMemPattern: false,
    externalData: [...model.weights],
  };
  const session = await InferenceSession.create(model.proto, options).catch((cause: unknown) => {
    throw runtimeError('the model could not be loaded', cause);
  });
  return new OnnxExecutor(plan.blueprint, shape, session, weights.embedding, weights.forms());
}

function runtimeError(what: string, cause: unknown): HoldfastError {
  const said = messageOf(cause);
  return new HoldfastError('E_EXECUTOR', `ONNX Runtime: ${what}: ${said}`, {
    hint: 'Run holdfast doctor to check the runtime, and holdfast inspect to see how much memory the model needs',
    cause,
  });
}

class OnnxExecutor implements Executor {
  readonly name = 'onnx';
  readonly #rotations: Rotations;
  readonly #parameters: number;
  readonly #indicator = new Indicator();
  /** Runs one chunk at a time: concurrent callers would share the scratch memory of its inputs. */
  readonly #turns = new Turns();
  #disposed = false;

  constructor(
    readonly blueprint: Blueprint,
    private readonly shape: DecoderShape,
    private readonly session: InferenceSession,
    private readonly embedding: EmbeddingTable,
    readonly precision: string,
  ) {
    this.#parameters = parameterCount(blueprint);
    this.#rotations = new Rotations(shape.ropes);
  }

  open(contextLength: number): OnnxSequence {
    this.#assertUsable();
    return new OnnxSequence(this, this.shape, contextLength);
  }

  copy(sequence: Sequence): Promise<Sequence> {
    const open = ({ contextLength }: Sequence): OnnxSequence => this.open(contextLength);
    return copySequence(this, sequence, OnnxSequence, open, async (from, to) => to.fill(from));
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    return forwardAll(this, this.blueprint, requests, OnnxSequence, (request, sequence) =>
      withCandidates(request, (request) => this.#run(request, sequence, options.signal)),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#turns.take(() => this.session.release());
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the executor has been disposed of');
  }

  async #run(
    request: ForwardRequest,
    sequence: OnnxSequence,
    signal: AbortSignal | undefined,
  ): Promise<ForwardResult> {
    const start = sequence.length;
    const result = emptyResult(request, this.blueprint, start);
    const target = request.intervention?.target ?? [];
    const pieces = cutSpans(request.spans ?? [], target);
    for (let row = 0; row < request.tokens.length; ) {
      const past = start + row;
      const tokens = request.tokens.slice(
        row,
        row + chunkTokens(CHUNK, this.blueprint, this.#parameters, past),
      );
      const isTarget = targetMask(target, past + tokens.length);
      // A call of the runtime blocks this thread, so let timers, input and the signal run between chunks.
      await setImmediate();
      await this.#turns.take(() => {
        throwIfAborted(signal);
        this.#assertUsable();
        sequence.assertUsableBy(this);
        return this.#chunk({ request, sequence, past, tokens, pieces, isTarget }, result, row);
      });
      row += tokens.length;
    }
    return result;
  }

  async #chunk(chunk: Chunk, result: ForwardResult, row: number): Promise<void> {
    const { request, tokens, sequence } = chunk;
    const { hiddenSize, layers } = this.blueprint;
    const rotations = this.#rotations.of(sequence.contextLength);
    const fed = chunkFeeds(chunk, this.shape, hiddenSize, this.embedding, rotations, this.#indicator);
    const isLast = row + tokens.length === request.tokens.length;
    const fetches: Record<string, Tensor | null> = { ...fed.fetches };
    for (const name of outputsOf(chunk, isLast)) fetches[name] = null;
    const outputs = await this.session.run(fed.feeds, fetches).catch((cause: unknown) => {
      throw runtimeError('a forward pass failed', cause);
    });
    sequence.extend(tokens.length);
    collect(result, chunk, fed, outputs, this.shape, row);
    for (const [layer, rows] of result.attention) {
      tapAttention(
        chunk,
        layer,
        layers[layer]!.attention,
        floatsOf(outputs, `layers.${layer}.query`),
        rows,
        row,
      );
    }
  }
}

/** A fraction of a second on a small machine, so that a long prefill can be aborted. */
const CHUNK = { operations: 64 * 135e6, least: 8, most: 256 } as const;
