import { HoldfastError } from '../../errors.js';
import {
  deviceError,
  type GpuFound,
  OTHER_EXECUTOR,
  type Program,
  type SharedDevice,
  sharedDevice,
} from './shared-device.js';

/** Buffer usages and map modes, with the numbers of the WebGPU specification: Node has no globals for them. */
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const QUERY_RESOLVE = 0x200;
const READ = 0x1;

const WRITTEN_AT_ONCE = 16 * 2 ** 20;

type Data = Float32Array | Uint32Array | Uint8Array;

/** The query set and buffers for the start and end times of passes, in nanoseconds. */
export interface Timestamps {
  readonly set: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly readable: GPUBuffer;
}

/** One model's view of a WebGPU device: turns the device's failures into errors, and frees the model's buffers. */
export class Device {
  readonly #made = new Set<GPUBuffer | GPUQuerySet>();

  private constructor(private readonly shared: SharedDevice) {}

  /**
   * Opens the adapter that the system prefers.
   * @throws HoldfastError `E_EXECUTOR` if there is no adapter, or it provides no device
   */
  static async open(gpu: GPU): Promise<Device> {
    return new Device(await sharedDevice(gpu));
  }

  get found(): GpuFound {
    return this.shared.found;
  }

  /**
   * Returns the smallest subgroup width that a driver may choose; only the running program knows the actual one. Null
   * if the adapter has no subgroups, or `threads` is not a multiple of the largest width.
   * @param threads threads per workgroup
   */
  subgroupOf(threads: number): number | null {
    const { subgroup } = this.found;
    return subgroup !== null && threads % subgroup.largest === 0 ? subgroup.smallest : null;
  }

  /** Measurements of the device, shared by all models. */
  get measured(): SharedDevice['measured'] {
    return this.shared.measured;
  }

  /** Why the device was lost; null: it was not. */
  get lost(): string | null {
    return this.shared.lost;
  }

  /** @throws HoldfastError `E_EXECUTOR` if the device was lost */
  assertThere(): void {
    if (this.shared.lost !== null) throw deviceError('the GPU was lost', this.shared.lost);
  }

  /** Bytes of the largest buffer that kernels can bind. */
  get largest(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.shared.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  /**
   * Runs a function that makes buffers, using only the methods of this class. A device reports missing memory only
   * afterwards, so do not use the buffers before this resolves.
   * @param what the purpose of the memory, for the error
   * @throws HoldfastError `E_EXECUTOR` if there is not enough memory; the buffers are then freed
   */
  async allocate<T>(what: string, work: () => T): Promise<T> {
    this.assertThere();
    const { device } = this.shared;
    const held = this.#made.size;
    // All models on the device share one stack of error scopes, so nothing may run between a push and its pop.
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    let made: { readonly value: T } | { readonly error: unknown };
    try {
      made = { value: work() };
    } catch (error) {
      made = { error };
    }
    // A set keeps insertion order, so these are this call's buffers, even if others are added while this waits.
    const own = [...this.#made].slice(held);
    const [invalid, full] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (!('error' in made) && full === null && invalid === null) return made.value;
    for (const each of own) this.free(each);
    if ('error' in made) throw made.error;
    if (full === null) throw deviceError(`the GPU cannot make buffers for ${what}`, invalid!.message);
    throw new HoldfastError('E_EXECUTOR', `the GPU has no memory left for ${what}`, {
      hint: `Choose a smaller precision or context, or use ${OTHER_EXECUTOR}`,
    });
  }

  /**
   * Makes a buffer for kernels to read and write, zeroed or filled with data.
   * @param what the buffer's name, for the error
   * @throws HoldfastError `E_EXECUTOR` if it is larger than the adapter can bind
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
   * Makes a buffer for {@link read}, which other buffers are copied to.
   * @throws HoldfastError `E_EXECUTOR` if it is larger than the adapter's maximum
   */
  readable(what: string, bytes: number): GPUBuffer {
    this.#assertFits(what, bytes, this.shared.device.limits.maxBufferSize);
    return this.#make(MAP_READ | COPY_DST, bytes);
  }

  #assertFits(what: string, bytes: number, most: number): void {
    if (bytes <= most) return;
    throw new HoldfastError(
      'E_EXECUTOR',
      `${what} takes ${bytes} bytes, but this GPU binds at most ${most}`,
      {
        hint: `Choose a smaller precision or context, request less at once, or use ${OTHER_EXECUTOR}`,
      },
    );
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

  /** @throws HoldfastError `E_UNSUPPORTED` if the adapter has no timestamps */
  async timestamps(count: number): Promise<Timestamps> {
    const { device } = this.shared;
    if (!device.features.has('timestamp-query')) {
      throw new HoldfastError('E_UNSUPPORTED', 'this GPU cannot time kernels: it has no timestamp queries');
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

  /** Writes data, in chunks: a browser holds a second copy of each until the device has it. */
  write(buffer: GPUBuffer, data: Data, offset = 0): void {
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; at += WRITTEN_AT_ONCE) {
      const chunk = bytes.subarray(at, at + WRITTEN_AT_ONCE);
      this.shared.device.queue.writeBuffer(buffer, offset + at, chunk);
    }
  }

  /**
   * Compiles a kernel, once per program text.
   * @throws HoldfastError `E_EXECUTOR` with the compiler's message
   */
  program(name: string, code: string): Promise<Program> {
    const { programs } = this.shared;
    const known = programs.get(code);
    if (known !== undefined) return known;
    const compiling = this.#compile(name, code);
    programs.set(code, compiling);
    compiling.catch(() => programs.delete(code));
    return compiling;
  }

  async #compile(name: string, code: string): Promise<Program> {
    const { device } = this.shared;
    // A compile error is reported twice; the promise below handles it.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: name, code });
    void device.popErrorScope();
    const pipeline = await device
      .createComputePipelineAsync({ label: name, layout: 'auto', compute: { module, entryPoint: 'main' } })
      .catch((cause: unknown) => {
        throw deviceError(`the kernel ${name} does not compile on this GPU`, cause);
      });
    const bindings = [...code.matchAll(/@binding\((\d+)\)/g)].map(([, number]) => Number(number));
    return { name, pipeline, bindings: bindings.sort((a, b) => a - b) };
  }

  bind({ pipeline, bindings }: Program, buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.shared.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: bindings.map((binding, index) => ({ binding, resource: { buffer: buffers[index]! } })),
    });
  }

  /**
   * Records commands and submits them.
   * @returns the device's error once it has checked the commands; null: none
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
      // Nothing was awaited since the push, so this pops the scope pushed above.
      refused = device.popErrorScope().then((error) => error?.message ?? null);
    }
    return refused;
  }

  /** Waits until all submitted work is done. @returns why this cannot be known; null: it is done */
  finished(): Promise<unknown> {
    return this.shared.device.queue.onSubmittedWorkDone().then(
      () => null,
      (cause: unknown) => cause,
    );
  }

  /**
   * Asks for the first bytes of a buffer made by {@link readable}, after all earlier work is done.
   * @returns why they cannot be read, once the wait is over; null: they can
   */
  map(buffer: GPUBuffer, bytes: number): Promise<unknown> {
    return buffer.mapAsync(READ, 0, bytes).then(
      () => null,
      (cause: unknown) => cause,
    );
  }

  /**
   * Reads what was asked for by {@link map}.
   * @param refused the result of {@link submit} for the work that fills the buffer
   * @throws HoldfastError `E_EXECUTOR` if the device was lost during the wait, or refused a command
   */
  async read(
    buffer: GPUBuffer,
    bytes: number,
    refused: Promise<string | null>,
    mapped: Promise<unknown> = this.map(buffer, bytes),
  ): Promise<ArrayBuffer> {
    await this.assertDone(refused, mapped);
    const copy = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    return copy;
  }

  /**
   * Waits for submitted work.
   * @param refused the result of {@link submit}
   * @param ended the work's end: null, or why its results cannot be read
   * @throws HoldfastError `E_EXECUTOR` if the device was lost during the wait, or refused a command
   */
  async assertDone(refused: Promise<string | null>, ended: Promise<unknown>): Promise<void> {
    const [why, failure] = await Promise.all([refused, ended]);
    // When a device is lost, wgpu first rejects the request, and reports the loss in the next turn of the event loop.
    if (why !== null || failure !== null) await new Promise((resolve) => setTimeout(resolve, 0));
    this.assertThere();
    if (why !== null) throw deviceError('the GPU refused a pass', why);
    if (failure !== null) throw deviceError('the results of a pass cannot be read', failure);
  }

  /** Frees the model's buffers. The device stays open for other models. */
  dispose(): void {
    for (const each of this.#made) this.free(each);
  }
}
