import { HoldfastError } from '../../errors.js';

/** Buffer usages and map modes as the WebGPU specification numbers them: in Node they are no globals. */
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const READ = 0x1;

type Data = Float32Array | Uint32Array | Uint8Array;

/** The GPU that WebGPU would take. */
export interface GpuFound {
  /** Vendor, architecture and driver, for people. */
  readonly name: string;
  /** Whether it is a program on the processor. */
  readonly isSoftware: boolean;
}

/** The adapter that the system prefers; null when there is none. */
export async function describeGpu(gpu: GPU): Promise<GpuFound | null> {
  const adapter = await gpu.requestAdapter(ADAPTER);
  return adapter && foundIn(adapter);
}

const ADAPTER: GPURequestAdapterOptions = { powerPreference: 'high-performance' };

function foundIn({ info }: GPUAdapter): GpuFound {
  const { vendor, architecture, description, isFallbackAdapter } = info;
  const name = [vendor, architecture, description].filter((part) => part !== '').join(' ');
  return { name, isSoftware: isFallbackAdapter };
}

/** One program of the device: its pipeline, and the bindings of buffers to it. */
export interface Program {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  /** Binding numbers, ascending, that the program has. */
  readonly bindings: readonly number[];
}

/** A device of WebGPU, shared by all models on it: what was compiled for one is there for the next. */
interface Shared {
  readonly device: GPUDevice;
  readonly found: GpuFound;
  /** By their texts. */
  readonly programs: Map<string, Program>;
  /** Why it was lost; null while it is there. */
  lost: string | null;
  /** What it said against a command since somebody read last. */
  failure: string | null;
}

const shared = new WeakMap<GPU, Promise<Shared>>();

async function openShared(gpu: GPU): Promise<Shared> {
  const adapter = await gpu.requestAdapter(ADAPTER);
  if (adapter === null) {
    throw new HoldfastError('E_EXECUTOR', 'there is no GPU that WebGPU can use', {
      hint: 'holdfast doctor says what is missing; the cpu executor needs none',
    });
  }
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const device = await adapter
    // The limits that are not asked for are those of the smallest phone.
    .requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } })
    .catch((cause: unknown) => {
      throw deviceError('the GPU gives no device', cause);
    });
  const opened: Shared = {
    device,
    found: foundIn(adapter),
    programs: new Map(),
    lost: null,
    failure: null,
  };
  device.lost.then(({ message, reason }) => {
    opened.lost = message || reason;
    shared.delete(gpu);
  });
  device.addEventListener('uncapturederror', ({ error }) => {
    opened.failure ??= error.message;
  });
  return opened;
}

/** What one model asks of a WebGPU device, with its failures as errors; it frees what it made. */
export class Device {
  readonly #buffers = new Set<GPUBuffer>();

  private constructor(private readonly shared: Shared) {}

  /**
   * Opens the adapter that the system prefers.
   * @throws HoldfastError `E_EXECUTOR` when there is none, or it gives no device
   */
  static async open(gpu: GPU): Promise<Device> {
    let opening = shared.get(gpu);
    if (opening === undefined) {
      opening = openShared(gpu);
      shared.set(gpu, opening);
      opening.catch(() => shared.delete(gpu));
    }
    return new Device(await opening);
  }

  get found(): GpuFound {
    return this.shared.found;
  }

  /** @throws HoldfastError `E_EXECUTOR` when the device was lost */
  assertThere(): void {
    if (this.shared.lost !== null) throw deviceError('the GPU was lost', this.shared.lost);
  }

  /**
   * A buffer for kernels to read and write, zeroed or with data in it.
   * @param what it is, for the error
   * @throws HoldfastError `E_EXECUTOR` when it is larger than the adapter binds
   */
  storage(what: string, content: Data | number): GPUBuffer {
    const bytes = typeof content === 'number' ? content : content.byteLength;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.shared.device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (bytes > most) {
      throw new HoldfastError('E_EXECUTOR', `${what} takes ${bytes} bytes, this GPU binds ${most} at most`, {
        hint: 'Choose a smaller precision or context, or the cpu executor',
      });
    }
    return this.#filled(STORAGE | COPY_SRC | COPY_DST, content, bytes);
  }

  uniform(content: Data): GPUBuffer {
    return this.#filled(UNIFORM | COPY_DST, content, content.byteLength);
  }

  #filled(usage: number, content: Data | number, bytes: number): GPUBuffer {
    const buffer = this.#make(usage, bytes);
    if (typeof content !== 'number') this.write(buffer, content);
    return buffer;
  }

  #make(usage: number, bytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    const buffer = this.shared.device.createBuffer({ size, usage });
    this.#buffers.add(buffer);
    return buffer;
  }

  free(buffer: GPUBuffer): void {
    this.#buffers.delete(buffer);
    buffer.destroy();
  }

  write(buffer: GPUBuffer, data: Data, offset = 0): void {
    this.shared.device.queue.writeBuffer(buffer, offset, data as Data & { buffer: ArrayBuffer });
  }

  /**
   * Compiles a kernel, once for each text.
   * @throws HoldfastError `E_EXECUTOR` with the compiler's words
   */
  async program(name: string, code: string): Promise<Program> {
    const known = this.shared.programs.get(code);
    if (known !== undefined) return known;
    const module = this.shared.device.createShaderModule({ label: name, code });
    const pipeline = await this.shared.device
      .createComputePipelineAsync({ label: name, layout: 'auto', compute: { module, entryPoint: 'main' } })
      .catch((cause: unknown) => {
        throw deviceError(`the kernel ${name} does not compile here`, cause);
      });
    const bindings = [...code.matchAll(/@binding\((\d+)\)/g)].map(([, number]) => Number(number));
    const program = { name, pipeline, bindings: bindings.sort((a, b) => a - b) };
    this.shared.programs.set(code, program);
    return program;
  }

  bind({ pipeline, bindings }: Program, buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.shared.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: bindings.map((binding, index) => ({ binding, resource: { buffer: buffers[index]! } })),
    });
  }

  encoder(): GPUCommandEncoder {
    return this.shared.device.createCommandEncoder();
  }

  readable(bytes: number): GPUBuffer {
    return this.#make(MAP_READ | COPY_DST, bytes);
  }

  submit(encoder: GPUCommandEncoder): void {
    this.shared.device.queue.submit([encoder.finish()]);
  }

  /**
   * Runs what makes buffers, and tells of memory that was not there.
   * @param what the memory is for
   * @throws HoldfastError `E_EXECUTOR`
   */
  async allocating<T>(what: string, work: () => Promise<T> | T): Promise<T> {
    this.assertThere();
    this.shared.device.pushErrorScope('out-of-memory');
    const outcome = await Promise.allSettled([(async () => work())()]);
    if ((await this.shared.device.popErrorScope()) !== null) {
      throw new HoldfastError('E_EXECUTOR', `the GPU has no memory left for ${what}`, {
        hint: 'Choose a smaller precision or context, or the cpu executor',
      });
    }
    const [settled] = outcome;
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }

  /** Waits until all that was submitted is done. */
  async finished(): Promise<void> {
    await this.shared.device.queue.onSubmittedWorkDone();
  }

  /**
   * The first bytes of a buffer made by {@link readable}, once all work before is done.
   * @throws HoldfastError `E_EXECUTOR` when the device was lost meanwhile, or refused a command
   */
  async read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    try {
      await buffer.mapAsync(READ, 0, bytes);
    } catch (cause) {
      throw deviceError('the GPU was lost in mid-pass', this.shared.lost ?? cause);
    }
    const copy = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    const failure = this.shared.failure;
    this.shared.failure = null;
    if (failure !== null) throw deviceError('a forward pass failed', failure);
    return copy;
  }

  /** Frees every buffer; the device stays for other models. */
  dispose(): void {
    for (const buffer of this.#buffers) this.free(buffer);
  }
}

function deviceError(what: string, cause: unknown): HoldfastError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_EXECUTOR', `${what}: ${said}`, {
    hint: 'holdfast doctor says what WebGPU finds here; the cpu executor needs none of it',
    cause,
  });
}
