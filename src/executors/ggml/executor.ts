import { availableParallelism } from 'node:os';
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
  checkThreads,
  copySequence,
  type DecoderShape,
  decoderShape,
  forwardAll,
} from '../contract/index.js';
import { Backend } from './backend.js';
import type { BufferHandle } from './bindings.js';
import { copyCache } from './copy-cache.js';
import { checkKernels } from './golden-graph.js';
import type { BackendName } from './library.js';
import { MOST_ROWS, PassQueue } from './pass-queue.js';
import { PassRunner } from './pass-runner.js';
import { probeDevice } from './probe.js';
import { probeModelOf } from './probe-model.js';
import { Arenas, type CacheType, cacheTypeOf, GgmlSequence } from './sequence.js';
import type { TensorContext } from './tensor.js';
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

/** The backends whose kernels have been checked in this process. */
const checked = new Set<BackendName>();

/**
 * Loads a model into ggml. A device other than the processor is tried before, in another process.
 * @throws HoldfastError `E_EXECUTOR` for an invalid number of threads, or if ggml is not available or lacks memory;
 * `E_UNSUPPORTED` if layers differ in heads or head size
 */
export async function createGgmlExecutor(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  options: ExecutorOptions = {},
  name: BackendName = 'cpu',
): Promise<Executor> {
  if (name !== 'cpu') await probeDevice(name, probeModelOf(plan, checkpoint, options.precision ?? 'auto'));
  return openGgmlExecutor(plan, checkpoint, options, name);
}

/** Loads a model into ggml as {@link createGgmlExecutor} does, on a device that was tried. */
export async function openGgmlExecutor(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { precision = 'auto', threads = usefulThreads(plan.blueprint), batchInvariant = false }: ExecutorOptions,
  name: BackendName,
): Promise<Executor> {
  checkThreads(threads, MOST_THREADS);
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

class GgmlExecutor implements Executor {
  readonly #arenas: Arenas;
  readonly #runner: PassRunner;
  readonly #scratch: { readonly context: TensorContext; readonly buffer: BufferHandle };
  readonly #queue: PassQueue;
  #disposed = false;

  constructor(
    readonly name: BackendName,
    private readonly backend: Backend,
    readonly blueprint: Blueprint,
    shape: DecoderShape,
    private readonly weights: GgmlWeights,
    private readonly cacheType: CacheType,
  ) {
    this.#arenas = new Arenas(backend, shape, cacheType);
    const context = backend.context(1);
    const scratch = context.tensor('F32', shape.heads * shape.headDim, MOST_ROWS);
    this.#scratch = { context, buffer: backend.allocate(context, 'activations') };
    this.#runner = new PassRunner(backend, { blueprint, shape, weights, scratch });
    this.#queue = new PassQueue(this, blueprint, this.#runner, () => {
      this.#assertUsable();
      weights.assertUnchanged();
    });
  }

  get device(): string {
    return this.backend.variant;
  }

  get precision(): string {
    const { forms } = this.weights;
    return this.cacheType === 'F32' ? forms : `${forms}; cache ${this.cacheType.toLowerCase()}`;
  }

  open(contextLength: number): GgmlSequence {
    this.#assertUsable();
    return new GgmlSequence(this, this.#arenas, contextLength);
  }

  copy(sequence: Sequence): Promise<Sequence> {
    const open = ({ contextLength }: Sequence): GgmlSequence => this.open(contextLength);
    return copySequence(this, sequence, GgmlSequence, open, (from, to) =>
      this.#queue.between(() => copyCache(this.backend, from, to)),
    );
  }

  forward(
    requests: readonly ForwardRequest[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ForwardResult[]> {
    return forwardAll(this, this.blueprint, requests, GgmlSequence, (request, sequence) =>
      this.#queue.add(request, sequence, options.signal),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#queue.idle();
    this.#runner.dispose();
    this.#arenas.dispose();
    this.weights.dispose();
    this.backend.ggml.freeBuffer(this.#scratch.buffer);
    this.#scratch.context.free();
    this.backend.dispose();
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the executor has been disposed of');
  }
}
