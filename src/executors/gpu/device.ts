import { HoldfastError } from '../../errors.js';
import {
  deviceError,
  type GpuFound,
  type Program,
  type SharedDevice,
  sharedDevice,
} from './shared-device.js';

/** Buffer usages and map modes as the WebGPU specification numbers them: in Node they are no globals. */
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const QUERY_RESOLVE = 0x200;
const READ = 0x1;

type Data = Float32Array | Uint32Array | Uint8Array;

/** Where a device writes down when passes begin and end, in nanoseconds. */
export interface Timestamps {
  readonly set: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly readable: GPUBuffer;
}

/** What one model asks of a WebGPU device, with its failures as errors; it frees what it made. */
export class Device {
  readonly #made = new Set<GPUBuffer | GPUQuerySet>();

  private constructor(private readonly shared: SharedDevice) {}

  /**
   * Opens the adapter that the system prefers.
   * @throws HoldfastError `E_EXECUTOR` when there is none, or it gives no device
   */
  static async open(gpu: GPU): Promise<Device> {
    return new Device(await sharedDevice(gpu));
  }

  get found(): GpuFound {
    return this.shared.found;
  }

  /**
   * Threads of a workgroup that surely run side by side: of the widths that a driver may choose the smallest, as the one
   * it chose is known only to the running program. Null where the adapter has no subgroups, or where a workgroup of so
   * many threads may leave one of the largest width half empty.
   */
  subgroupOf(threads: number): number | null {
    const { subgroup } = this.found;
    return subgroup !== null && threads % subgroup.largest === 0 ? subgroup.smallest : null;
  }

  /** What was measured of it for any model. */
  get measured(): SharedDevice['measured'] {
    return this.shared.measured;
  }

  /** @throws HoldfastError `E_EXECUTOR` when the device was lost */
  assertThere(): void {
    if (this.shared.lost !== null) throw deviceError('the GPU was lost', this.shared.lost);
  }

  /** Bytes of the largest buffer that kernels can be given. */
  get largest(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.shared.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  /**
   * Runs what makes buffers, which it may do by this class's own methods alone. A device tells of
   * memory that was not there only afterwards: nothing may be done with what was made before this has come back.
   * @param what the memory is for
   * @throws HoldfastError `E_EXECUTOR`; what was made is freed then
   */
  async allocate<T>(what: string, work: () => T): Promise<T> {
    this.assertThere();
    const { device } = this.shared;
    const held = this.#made.size;
    // Scopes are a stack that all models on the device share: nothing may come between a push and its pop.
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    let made: { readonly value: T } | { readonly error: unknown };
    try {
      made = { value: work() };
    } catch (error) {
      made = { error };
    }
    // A set keeps the order of what is put in: these are the work's, whatever others put in while this waits.
    const own = [...this.#made].slice(held);
    const [invalid, full] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (!('error' in made) && full === null && invalid === null) return made.value;
    for (const each of own) this.free(each);
    if ('error' in made) throw made.error;
    if (full === null) throw deviceError(`there is no making of buffers for ${what}`, invalid!.message);
    throw new HoldfastError('E_EXECUTOR', `the GPU has no memory left for ${what}`, {
      hint: 'Choose a smaller precision or context, or the cpu executor',
    });
  }

  /**
   * A buffer for kernels to read and write, zeroed or with data in it.
   * @param what it is, for the error
   * @throws HoldfastError `E_EXECUTOR` when it is larger than the adapter binds
   */
  storage(what: string, content: Data | number): GPUBuffer {
    const bytes = typeof content === 'number' ? content : content.byteLength;
    this.#assertFits(what, bytes, this.largest);
    return this.#filled(STORAGE | COPY_SRC | COPY_DST, content, bytes);
  }

  uniform(content: Data): GPUBuffer {
    return this.#filled(UNIFORM | COPY_DST, content, content.byteLength);
  }

  /**
   * A buffer that other buffers are copied to, to be read by {@link read}.
   * @throws HoldfastError `E_EXECUTOR` when it is larger than the adapter makes them
   */
  readable(what: string, bytes: number): GPUBuffer {
    this.#assertFits(what, bytes, this.shared.device.limits.maxBufferSize);
    return this.#make(MAP_READ | COPY_DST, bytes);
  }

  #assertFits(what: string, bytes: number, most: number): void {
    if (bytes <= most) return;
    throw new HoldfastError('E_EXECUTOR', `${what} takes ${bytes} bytes, this GPU binds ${most} at most`, {
      hint: 'Choose a smaller precision or context, ask for less at once, or use the cpu executor',
    });
  }

  #filled(usage: number, content: Data | number, bytes: number): GPUBuffer {
    const buffer = this.#make(usage, bytes);
    if (typeof content !== 'number') this.write(buffer, content);
    return buffer;
  }

  #make(usage: number, bytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    return this.#held(this.shared.device.createBuffer({ size, usage }));
  }

  #held<Made extends GPUBuffer | GPUQuerySet>(made: Made): Made {
    this.#made.add(made);
    return made;
  }

  /** @throws HoldfastError `E_UNSUPPORTED` where the adapter has none */
  async timestamps(count: number): Promise<Timestamps> {
    const { device } = this.shared;
    if (!device.features.has('timestamp-query')) {
      throw new HoldfastError('E_UNSUPPORTED', 'this GPU does not say when kernels begin and end');
    }
    return this.allocate('timestamps', () => ({
      set: this.#held(device.createQuerySet({ type: 'timestamp', count })),
      resolved: this.#make(QUERY_RESOLVE | COPY_SRC, 8 * count),
      readable: this.readable('timestamps', 8 * count),
    }));
  }

  free(made: GPUBuffer | GPUQuerySet): void {
    this.#made.delete(made);
    made.destroy();
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
    const { device } = this.shared;
    // A text that does not compile is told of twice; the promise below is the one that is listened to.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: name, code });
    void device.popErrorScope();
    const pipeline = await device
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

  /**
   * Records commands and submits them.
   * @returns what the device has against them, once it has looked; null: nothing
   */
  submit(record: (encoder: GPUCommandEncoder) => void): Promise<string | null> {
    const { device } = this.shared;
    let refused: Promise<string | null>;
    device.pushErrorScope('validation');
    try {
      const encoder = device.createCommandEncoder();
      record(encoder);
      device.queue.submit([encoder.finish()]);
    } finally {
      // Nothing was awaited since the push: this is its own scope.
      refused = device.popErrorScope().then((error) => error?.message ?? null);
    }
    return refused;
  }

  /** Waits until all that was submitted is done. */
  async finished(): Promise<void> {
    await this.shared.device.queue.onSubmittedWorkDone();
  }

  /**
   * The first bytes of a buffer made by {@link readable}, once all work before is done.
   * @param refused what {@link submit} returned for the work that fills it
   * @throws HoldfastError `E_EXECUTOR` when the device was lost meanwhile, or refused a command
   */
  async read(buffer: GPUBuffer, bytes: number, refused: Promise<string | null>): Promise<ArrayBuffer> {
    const mapped = buffer.mapAsync(READ, 0, bytes).then(
      () => null,
      (cause: unknown) => cause,
    );
    const [why, failure] = await Promise.all([refused, mapped]);
    this.assertThere();
    if (why !== null) throw deviceError('the GPU refused a pass', why);
    if (failure !== null) throw deviceError('what a pass came to cannot be read', failure);
    const copy = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    return copy;
  }

  /** Frees all that was made; the device stays for other models. */
  dispose(): void {
    for (const each of this.#made) this.free(each);
  }
}
