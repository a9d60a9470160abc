import { HoldfastError } from '../../errors.js';
import type {
  Address,
  BackendHandle,
  BufferHandle,
  BufferType,
  ComputeGraph,
  Context,
  Ggml,
  ThreadPool,
} from './bindings.js';
import { callWithPointer, readPointers } from './bindings.js';
import { GraphBuilder } from './graph-builder.js';
import { type Library, loadLibrary } from './library.js';

/** `struct ggml_threadpool_params`: 512 flags for cores, then n_threads, prio, poll, strict_cpu and paused. */
const POOL_PARAMS = { bytes: 528, poll: 520 } as const;

/** How long a thread spins before it sleeps, of 100. llama.cpp's default. */
const POLL = 50;

/** `enum ggml_status` */
const STATUS = { success: 0, aborted: 1 } as const;

/** `enum ggml_backend_buffer_usage` */
const USAGE_WEIGHTS = 1;

/** Bytes of `struct ggml_context` and rounding, beside the descriptions of tensors. */
const CONTEXT_OVERHEAD = 4096;

/** A backend of ggml with its threads: allocates buffers, builds graphs and runs them. */
export class Backend {
  readonly ggml: Ggml;
  readonly bufferType: BufferType;
  readonly #library: Library;
  readonly #handle: BackendHandle;
  readonly #threads: ThreadPool;
  /** A context of its own, whose flag ggml's threads read: set, it ends a run. */
  readonly #abortFlag: Context;
  #pause: NodeJS.Timeout | undefined;

  private constructor(library: Library, handle: BackendHandle, threads: ThreadPool, abortFlag: Context) {
    this.#library = library;
    this.ggml = library.ggml;
    this.#handle = handle;
    this.#threads = threads;
    this.#abortFlag = abortFlag;
    this.bufferType = library.ggml.hostBufferType();
  }

  /** @throws HoldfastError `E_EXECUTOR` if ggml is not available here */
  static open(threads: number): Backend {
    const library = loadLibrary();
    const { ggml, cpu, device } = library;
    const handle = ggml.openDevice(device, null);
    const params = new Uint8Array(POOL_PARAMS.bytes);
    ggml.initThreads(params, threads);
    new DataView(params.buffer).setUint32(POOL_PARAMS.poll, POLL, true);
    const pool = cpu.newThreads(params);
    const flag = ggml.newContext(CONTEXT_OVERHEAD);
    if (handle === null || pool === null || flag === null) {
      throw new HoldfastError('E_EXECUTOR', `ggml could not start ${threads} threads`);
    }
    ggml.setNoAlloc(flag, false);
    cpu.setThreadCount(handle, threads);
    cpu.useThreads(handle, pool);
    cpu.setAbort(handle, ggml.readFlag, flag);
    return new Backend(library, handle, pool, flag);
  }

  get variant(): string {
    return this.#library.variant;
  }

  /** A context for the descriptions of `tensors` tensors, and of a graph with `nodes` operations. */
  context(tensors: number, nodes = 0): Context {
    const { ggml } = this;
    const graph = nodes === 0 ? 0 : ggml.graphOverhead(nodes, false);
    const context = ggml.newContext(CONTEXT_OVERHEAD + tensors * ggml.tensorOverhead() + graph);
    if (context === null) throw outOfMemory('the description of a graph');
    return context;
  }

  /** A builder for a graph of at most `nodes` operations, views included, in a context of its own. */
  graph(nodes: number): { readonly builder: GraphBuilder; readonly context: Context } {
    const context = this.context(nodes + 1, nodes);
    return { builder: new GraphBuilder(this.ggml, context, nodes), context };
  }

  /** Allocates the tensors of a context that have no memory yet. @throws HoldfastError `E_EXECUTOR` */
  allocate(context: Context, what: string, type: BufferType = this.bufferType): BufferHandle {
    const buffer = this.ggml.allocateTensors(context, type);
    if (buffer === null) throw outOfMemory(what);
    return buffer;
  }

  markAsWeights(buffer: BufferHandle): void {
    this.ggml.markAsWeights(buffer, USAGE_WEIGHTS);
  }

  /** Types of buffers in which the processor's kernels keep weights in an order of their own. */
  repackingTypes(): BufferType[] {
    const { ggml, device } = this.#library;
    const list = ggml.procedure(ggml.registryOf(device), 'ggml_backend_dev_get_extra_bufts');
    return list === null ? [] : (readPointers(callWithPointer(list, device as Address)) as BufferType[]);
  }

  /** Whether the device can run an operation with its operands in the buffers that they have. */
  supports(operation: Parameters<Ggml['supports']>[1]): boolean {
    return this.ggml.supports(this.#library.device, operation);
  }

  /**
   * Runs a graph on other threads than JavaScript's.
   * @returns false if it was aborted
   * @throws HoldfastError `E_EXECUTOR`
   */
  async run(graph: ComputeGraph, signal: AbortSignal | undefined): Promise<boolean> {
    clearTimeout(this.#pause);
    this.ggml.setNoAlloc(this.#abortFlag, false);
    const abort = (): void => this.ggml.setNoAlloc(this.#abortFlag, true);
    signal?.addEventListener('abort', abort);
    try {
      const status = await this.ggml.computeAside(this.#handle, graph);
      if (status === STATUS.aborted) return false;
      if (status !== STATUS.success)
        throw new HoldfastError('E_EXECUTOR', `ggml failed with status ${status}`);
      return true;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#pauseSoon();
    }
  }

  /** Puts the threads to sleep unless another run comes soon: while they wait for work they keep the cores busy. */
  #pauseSoon(): void {
    this.#pause = setTimeout(() => this.#library.cpu.pauseThreads(this.#threads), 2);
    this.#pause.unref();
  }

  dispose(): void {
    clearTimeout(this.#pause);
    this.ggml.closeBackend(this.#handle);
    this.#library.cpu.freeThreads(this.#threads);
    this.ggml.freeContext(this.#abortFlag);
  }
}

export function outOfMemory(what: string): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `there is not enough memory for ${what}`, {
    hint: 'Run holdfast inspect to see how much memory the model needs, or take a smaller --context',
  });
}
