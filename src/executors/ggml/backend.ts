import { HoldfastError } from '../../errors.js';
import type {
  BackendHandle,
  BufferHandle,
  BufferType,
  ComputeGraph,
  Context,
  GgmlCpu,
  ThreadPool,
} from './bindings.js';
import { CONTEXT_OVERHEAD, Device, outOfMemory } from './device.js';
import { type BackendName, type Library, loadLibrary } from './library.js';
import type { TensorContext } from './tensor.js';

/** `struct ggml_threadpool_params`: 512 flags for cores, then n_threads, prio, poll, strict_cpu and paused. */
const POOL_PARAMS = { bytes: 528, poll: 520 } as const;

/** How long a thread spins before it sleeps, of 100. llama.cpp's default. */
const POLL = 50;

/** `enum ggml_status` */
const STATUS = { success: 0, aborted: 1 } as const;

/** `enum ggml_backend_buffer_usage` */
const USAGE_WEIGHTS = 1;

/** A backend of ggml: allocates buffers, builds graphs and runs them. */
export class Backend extends Device {
  readonly #handle: BackendHandle;
  /** The threads of a backend on the processor. */
  readonly #crew: Crew | null;
  #pause: NodeJS.Timeout | undefined;

  private constructor(library: Library, handle: BackendHandle, crew: Crew | null) {
    super(library);
    this.#handle = handle;
    this.#crew = crew;
  }

  /**
   * @param threads of a backend on the processor
   * @throws HoldfastError `E_EXECUTOR` if ggml is not available here, or the threads cannot start
   */
  static open(threads: number, name: BackendName = 'cpu'): Backend {
    const library = loadLibrary(name);
    const handle = library.ggml.openDevice(library.device, null);
    if (handle === null) throw new HoldfastError('E_EXECUTOR', `ggml could not open ${library.variant}`);
    try {
      const crew = library.cpu === null ? null : gather(library, library.cpu, handle, threads);
      return new Backend(library, handle, crew);
    } catch (error) {
      library.ggml.closeBackend(handle);
      throw error;
    }
  }

  /** Allocates the tensors of a context that have no memory yet. @throws HoldfastError `E_EXECUTOR` */
  allocate(context: TensorContext, what: string, type: BufferType = this.bufferType): BufferHandle {
    const buffer = this.ggml.allocateTensors(context.handle, type);
    if (buffer === null) throw outOfMemory(what);
    return buffer;
  }

  markAsWeights(buffer: BufferHandle): void {
    this.ggml.markAsWeights(buffer, USAGE_WEIGHTS);
  }

  /**
   * Runs a graph.
   * @param isShort whether it ends so soon that JavaScript can wait for it: the way to another thread and back takes
   * 0.1 ms
   * @returns false if it was aborted
   * @throws HoldfastError `E_EXECUTOR`
   */
  async run(graph: ComputeGraph, signal?: AbortSignal, isShort = false): Promise<boolean> {
    clearTimeout(this.#pause);
    const crew = this.#crew;
    if (crew !== null) this.ggml.setNoAlloc(crew.abortFlag, false);
    const abort = (): void => {
      if (crew !== null) this.ggml.setNoAlloc(crew.abortFlag, true);
    };
    signal?.addEventListener('abort', abort);
    try {
      const status = isShort
        ? this.ggml.compute(this.#handle, graph)
        : await this.ggml.computeAside(this.#handle, graph);
      if (status === STATUS.aborted) return false;
      if (status !== STATUS.success)
        throw new HoldfastError('E_EXECUTOR', `ggml failed with status ${status}`);
      return true;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#pauseSoon();
    }
  }

  /**
   * @throws HoldfastError `E_EXECUTOR` if the device cannot run an operation of a graph: it would end the process
   */
  require(graph: ComputeGraph): void {
    if (this.isProcessor) return;
    const { ggml } = this;
    for (let i = ggml.nodes(graph) - 1; i >= 0; i--) {
      const node = ggml.node(graph, i);
      if (this.supports(node)) continue;
      throw new HoldfastError(
        'E_EXECUTOR',
        `${this.variant} cannot run ${ggml.nameOfOperation(node)} as this model needs it`,
        {
          hint: 'Use the cpu executor',
        },
      );
    }
  }

  /** Puts the threads to sleep unless another run comes soon: while they wait for work they keep the cores busy. */
  #pauseSoon(): void {
    const crew = this.#crew;
    if (crew === null) return;
    this.#pause = setTimeout(() => crew.cpu.pauseThreads(crew.threads), 2);
    this.#pause.unref();
  }

  dispose(): void {
    clearTimeout(this.#pause);
    this.ggml.closeBackend(this.#handle);
    if (this.#crew === null) return;
    this.#crew.cpu.freeThreads(this.#crew.threads);
    this.ggml.freeContext(this.#crew.abortFlag);
  }
}

/** The threads of a backend on the processor. */
interface Crew {
  readonly cpu: GgmlCpu;
  readonly threads: ThreadPool;
  /** A context of its own, whose flag ggml's threads read: set, it ends a run. */
  readonly abortFlag: Context;
}

function gather({ ggml }: Library, cpu: GgmlCpu, handle: BackendHandle, threads: number): Crew {
  const params = new Uint8Array(POOL_PARAMS.bytes);
  ggml.initThreads(params, threads);
  new DataView(params.buffer).setUint32(POOL_PARAMS.poll, POLL, true);
  const pool = cpu.newThreads(params);
  const abortFlag = ggml.newContext(CONTEXT_OVERHEAD);
  if (pool === null || abortFlag === null) {
    if (pool !== null) cpu.freeThreads(pool);
    if (abortFlag !== null) ggml.freeContext(abortFlag);
    throw new HoldfastError('E_EXECUTOR', `ggml could not start ${threads} threads`);
  }
  ggml.setNoAlloc(abortFlag, false);
  cpu.setThreadCount(handle, threads);
  cpu.useThreads(handle, pool);
  cpu.setAbort(handle, ggml.readFlag, abortFlag);
  return { cpu, threads: pool, abortFlag };
}
