import type { Commands } from './commands.js';
import type { Device } from './device.js';

/** A buffer to read back after the pass. */
export interface Reading {
  readonly buffer: GPUBuffer;
  /** Words to read, four bytes each. */
  readonly words: number;
  /** Receives the words. They are valid only during the call. */
  readonly take: (floats: Float32Array) => void;
}

const WORD = 4;

/** Reads the results of passes back to the host, those of one pass all at once. */
export class ReadBack {
  /** Buffers that no pass uses. */
  readonly #free: GPUBuffer[] = [];

  constructor(private readonly device: Device) {}

  /** Prepares to read a pass's results. Close what this returns, or take its results. */
  async open(readings: readonly Reading[]): Promise<OpenReadings> {
    const bytes = WORD * readings.reduce((sum, { words }) => sum + words, 0);
    const buffer = bytes === 0 ? null : await this.#readable(bytes);
    return new OpenReadings(this.device, readings, buffer, bytes, () => {
      if (buffer) this.#free.push(buffer);
    });
  }

  async #readable(bytes: number): Promise<GPUBuffer> {
    const fitting = this.#free.findIndex(({ size }) => size >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0]!;
    const larger = await this.device.allocate('the results', () =>
      this.device.readable('the results of a pass', bytes),
    );
    for (const small of this.#free.splice(0)) this.device.free(small);
    return larger;
  }
}

/** The results of one pass, on their way to the host. */
class OpenReadings {
  #ended: Promise<unknown> | null = null;

  constructor(
    private readonly device: Device,
    private readonly readings: readonly Reading[],
    private readonly buffer: GPUBuffer | null,
    private readonly bytes: number,
    /** Returns the buffer. */
    readonly close: () => void,
  ) {}

  record(commands: Commands): void {
    let at = 0;
    for (const { buffer, words } of this.readings) {
      commands.copy(buffer, this.buffer!, words * WORD, at);
      at += words * WORD;
    }
  }

  /** Starts to wait for the pass. Call this after its submission. */
  ended(): Promise<unknown> {
    this.#ended = this.buffer ? this.device.map(this.buffer, this.bytes) : this.device.finished();
    return this.#ended;
  }

  /**
   * Waits for the pass, after {@link ended}, and passes each reading its words.
   * @param refused the result of the pass's submission
   * @throws HoldfastError `E_EXECUTOR` if the device was lost during the wait, or refused a command
   */
  async take(refused: Promise<string | null>): Promise<void> {
    if (this.buffer === null) return this.device.assertDone(refused, this.#ended!);
    const copied = await this.device.read(this.buffer, this.bytes, refused, this.#ended!);
    this.close();
    let at = 0;
    for (const { words, take } of this.readings) {
      take(new Float32Array(copied, at, words));
      at += words * WORD;
    }
  }
}
