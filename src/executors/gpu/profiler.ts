import { HoldfastError } from '../../errors.js';
import type { KernelTime } from '../contract/index.js';
import type { Device, Timestamps } from './device.js';

/** The maximum number of dispatches: a query set holds 4,096 timestamps, and each dispatch takes two. */
const MOST_DISPATCHES = 2048;

/** Times each dispatch of a pass. */
export class Profiler {
  readonly #timestamps: Timestamps;
  readonly #kernels = new Map<string, KernelTime>();
  readonly #dispatches: { readonly kernel: string; readonly bytes: number }[] = [];

  /** @throws HoldfastError `E_UNSUPPORTED` if the adapter has no timestamps */
  static async open(device: Device): Promise<Profiler> {
    return new Profiler(device, await device.timestamps(2 * MOST_DISPATCHES));
  }

  private constructor(
    private readonly device: Device,
    timestamps: Timestamps,
  ) {
    this.#timestamps = timestamps;
  }

  /**
   * Registers the next dispatch, which must be a compute pass of its own.
   * @param bytes bytes of weights and cache that it reads, counting each once
   */
  next(kernel: string, bytes: number): GPUComputePassTimestampWrites {
    const at = 2 * this.#dispatches.length;
    if (at === 2 * MOST_DISPATCHES) {
      throw new HoldfastError(
        'E_UNSUPPORTED',
        `a pass of more than ${MOST_DISPATCHES} dispatches cannot be profiled`,
      );
    }
    this.#dispatches.push({ kernel, bytes });
    const { set } = this.#timestamps;
    return { querySet: set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Records a copy of the timestamps to the buffer that {@link collect} reads. */
  resolve(encoder: GPUCommandEncoder): void {
    const { set, resolved, readable } = this.#timestamps;
    const count = 2 * this.#dispatches.length;
    encoder.resolveQuerySet(set, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, 8 * count);
  }

  /**
   * Waits for the pass, adds its times to the totals, and starts over for the next pass.
   * @param refused the result of its submission, if nothing else awaits it
   */
  async collect(refused: Promise<string | null> = Promise.resolve(null)): Promise<void> {
    const read = await this.device.read(this.#timestamps.readable, 16 * this.#dispatches.length, refused);
    const stamps = new BigInt64Array(read);
    for (const [index, { kernel, bytes }] of this.#dispatches.entries()) {
      const known = this.#kernels.get(kernel) ?? { kernel, dispatches: 0, ms: 0, bytes: 0 };
      const nanoseconds = Number(stamps[2 * index + 1]! - stamps[2 * index]!);
      this.#kernels.set(kernel, {
        kernel,
        dispatches: known.dispatches + 1,
        ms: known.ms + nanoseconds / 1e6,
        bytes: known.bytes + bytes,
      });
    }
    this.#dispatches.length = 0;
  }

  /** The time of each kernel in all passes, in the order in which they first ran. */
  get kernels(): readonly KernelTime[] {
    return [...this.#kernels.values()];
  }

  dispose(): void {
    const { set, resolved, readable } = this.#timestamps;
    for (const each of [set, resolved, readable]) this.device.free(each);
  }
}
