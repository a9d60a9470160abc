import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { type Blueprint, type ModelPlan, parameterCount } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';
import type { Checkpoint } from '../../formats/index.js';
import type {
  Executor,
  ExecutorOptions,
  ForwardRequest,
  ForwardResult,
  Sequence,
} from '../contract/index.js';
import {
  cutSpans,
  type DecoderShape,
  decoderShape,
  emptyResult,
  forwardAll,
  type SpanPiece,
  throwIfAborted,
  withCandidates,
} from '../contract/index.js';
import { Backend } from './backend.js';
import type { BufferHandle, Context } from './bindings.js';
import { checkKernels } from './golden-graph.js';
import { denseStrides, GGML_TYPES, shapeOf, type Value } from './graph-builder.js';
import type { BackendName } from './library.js';
import type { Chunk } from './pass-plan.js';
import { PassRunner } from './pass-runner.js';
import { Arenas, type CacheType, cacheTypeOf, GgmlSequence } from './sequence.js';
import { type GgmlWeights, loadWeights } from './weights.js';

/**
 * Parameters that give a thread enough to do. The threads of a smaller model wait for each other longer than they work,
 * and they wait by spinning, which takes far longer still where another process needs the core.
 */
const PARAMETERS_PER_THREAD = 16e6;

/** Threads for a model: one per core, unless it is too small for them. */
function usefulThreads(blueprint: Blueprint): number {
  const useful = Math.ceil(parameterCount(blueprint) / PARAMETERS_PER_THREAD);
  return Math.min(availableParallelism(), useful);
}

/** More than any machine has cores. */
const MOST_THREADS = 512;

/** The most new tokens of a pass. */
const MOST_ROWS = 256;

/** The backends whose kernels have been checked in this process. */
const checked = new Set<BackendName>();

/**
 * Loads a model into ggml.
 * @throws HoldfastError `E_EXECUTOR` for an invalid number of threads, or if ggml is not available or lacks memory;
 * `E_UNSUPPORTED` if layers differ in heads or head size
 */
export async function createGgmlExecutor(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  {
    precision = 'auto',
    threads = usefulThreads(plan.blueprint),
    batchInvariant = false,
  }: ExecutorOptions = {},
  name: BackendName = 'cpu',
): Promise<Executor> {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new HoldfastError(
      'E_EXECUTOR',
      `threads takes a whole number from 1 to ${MOST_THREADS}, not ${threads}`,
    );
  }
  const shape = decoderShape(plan.blueprint);
  const backend = Backend.open(threads, name);
  try {
    if (!checked.has(name)) await checkKernels(backend);
    checked.add(name);
    const weights = await loadWeights(backend, plan, checkpoint, precision, batchInvariant);
    try {
      return new GgmlExecutor(name, backend, plan.blueprint, shape, weights, cacheTypeOf(precision));
    } catch (error) {
      weights.dispose();
      throw error;
    }
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

/** A request on its way: its next token, and where its result goes. */
interface Job {
  readonly request: ForwardRequest;
  readonly sequence: GgmlSequence;
  readonly signal: AbortSignal | undefined;
  readonly result: ForwardResult;
  readonly pieces: readonly SpanPiece[];
  next: number;
  readonly resolve: (result: ForwardResult) => void;
  readonly reject: (error: unknown) => void;
}

class GgmlExecutor implements Executor {
  readonly #arenas: Arenas;
  readonly #runner: PassRunner;
  readonly #parameters: number;
  readonly #scratch: { readonly context: Context; readonly buffer: BufferHandle };
  /** Requests that wait for their next pass, in the order of their turns. */
  #jobs: Job[] = [];
  #working: Promise<void> | null = null;
  #disposed = false;

  constructor(
    readonly name: BackendName,
    private readonly backend: Backend,
    readonly blueprint: Blueprint,
    shape: DecoderShape,
    private readonly weights: GgmlWeights,
    cacheType: CacheType,
  ) {
    this.#parameters = parameterCount(blueprint);
    this.#arenas = new Arenas(backend, shape, cacheType);
    const context = backend.context(1);
    const size = shapeOf(shape.heads * shape.headDim, MOST_ROWS + 16);
    const tensor = backend.ggml.newTensor2d(context, GGML_TYPES.F32, size[0], size[1]);
    const scratch: Value = { tensor, type: 'F32', shape: size, strides: denseStrides('F32', size) };
    this.#scratch = { context, buffer: backend.allocate(context, 'activations') };
    this.#runner = new PassRunner(backend, { blueprint, shape, weights, scratch });
  }

  get precision(): string {
    return this.weights.forms;
  }

  open(contextLength: number): Sequence {
    this.#assertUsable();
    return new GgmlSequence(this, this.#arenas, contextLength);
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    const own = ({ sequence }: ForwardRequest): GgmlSequence | null =>
      sequence instanceof GgmlSequence ? sequence : null;
    return forwardAll(this, this.blueprint, requests, own, (request, sequence) =>
      withCandidates(request, (request) => this.#run(request, sequence, options.signal)),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#working;
    this.#runner.dispose();
    this.#arenas.dispose();
    this.weights.dispose();
    this.backend.ggml.freeBuffer(this.#scratch.buffer);
    this.backend.ggml.freeContext(this.#scratch.context);
    this.backend.dispose();
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the executor has been disposed of');
  }

  #run(
    request: ForwardRequest,
    sequence: GgmlSequence,
    signal: AbortSignal | undefined,
  ): Promise<ForwardResult> {
    return new Promise((resolve, reject) => {
      const result = emptyResult(request, this.blueprint, sequence.length);
      const pieces = cutSpans(request.spans ?? [], request.intervention?.target ?? []);
      this.#jobs.push({ request, sequence, signal, result, pieces, next: 0, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Runs passes until no request waits. Whatever has arrived when a pass begins takes part in it. */
  async #work(): Promise<void> {
    for (;;) {
      // Lets timers, input and signals run, and those who wait for a result ask for their next token.
      await setImmediate();
      this.#jobs = this.#jobs.filter((job) => this.#isAlive(job));
      if (this.#jobs.length === 0) break;
      await this.#pass();
    }
    this.#working = null;
  }

  /** Ends a job that cannot go on. */
  #isAlive({ signal, sequence, reject }: Job): boolean {
    try {
      throwIfAborted(signal);
      this.#assertUsable();
      sequence.assertUsableBy(this);
      return true;
    } catch (error) {
      reject(error);
      return false;
    }
  }

  async #pass(): Promise<void> {
    const jobs = new Map(this.#nextJobs().map((job) => [this.#chunkOf(job), job] as const));
    const chunks = [...jobs.keys()];
    const signals = new Set([...jobs.values()].map(({ signal }) => signal));
    const signal = signals.size === 1 ? [...signals][0] : undefined;
    const waiting = this.#jobs.filter((job) => ![...jobs.values()].includes(job));
    const undo = (): void => {
      for (const { sequence, past, tokens } of chunks) {
        if (!sequence.isDisposed) sequence.arena.clear(sequence.slot, past, past + tokens.length);
      }
    };
    try {
      this.weights.assertUnchanged();
      if (!(await this.#runner.run(chunks, signal, (chunk) => jobs.get(chunk)!.result))) {
        undo();
        return;
      }
    } catch (error) {
      undo();
      for (const { reject } of jobs.values()) reject(error);
      this.#jobs = this.#jobs.filter((job) => ![...jobs.values()].includes(job));
      return;
    }
    const arrived = this.#jobs.filter((job) => !waiting.includes(job) && ![...jobs.values()].includes(job));
    const unfinished: Job[] = [];
    for (const [{ sequence, tokens, isLast }, job] of jobs) {
      sequence.extend(tokens.length);
      job.next += tokens.length;
      if (isLast) job.resolve(job.result);
      else unfinished.push(job);
    }
    // Those who waited come first next time.
    this.#jobs = [...waiting, ...unfinished, ...arrived];
  }

  /** The waiting jobs that can share a pass with the first, as many as fit. */
  #nextJobs(): Job[] {
    const [first] = this.#jobs;
    const rotation = this.#runner.rotationKey(first!.sequence);
    const taken: Job[] = [];
    let rows = 0;
    for (const job of this.#jobs) {
      const { sequence } = job;
      if (sequence.arena !== first!.sequence.arena || this.#runner.rotationKey(sequence) !== rotation)
        continue;
      const size = this.#chunkSize(job);
      if (taken.length > 0 && rows + size > MOST_ROWS) continue;
      taken.push(job);
      rows += size;
    }
    return taken;
  }

  #chunkSize({ request, sequence, next }: Job): number {
    return Math.min(
      request.tokens.length - next,
      chunkTokens(this.blueprint, this.#parameters, sequence.length),
    );
  }

  #chunkOf(job: Job): Chunk {
    const { request, sequence, next, pieces } = job;
    const size = this.#chunkSize(job);
    return {
      ...{ request, sequence, pieces },
      first: next,
      past: sequence.length,
      tokens: request.tokens.slice(next, next + size),
      isLast: next + size === request.tokens.length,
    };
  }
}

/** Multiply-adds of a chunk: a fraction of a second on a small machine, so that a long prefill can be aborted. */
const CHUNK_OPERATIONS = 256 * 135e6;

/**
 * Returns how many tokens of a long prefill go through the graph at once. It depends only on the model and the
 * position, so that the same prompt is always split, and rounded, the same way.
 */
function chunkTokens(blueprint: Blueprint, parameters: number, past: number): number {
  const attention = blueprint.layers.reduce(
    (sum, { attention: { heads, headDim, window } }) =>
      sum + 2 * heads * headDim * Math.min(past, window ?? past),
    0,
  );
  const tokens = 2 ** Math.round(Math.log2(CHUNK_OPERATIONS / (parameters + attention)));
  return Math.min(MOST_ROWS, Math.max(16, tokens));
}
