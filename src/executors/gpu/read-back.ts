import type { Device } from './device.js';
import type { Recorder } from './recorder.js';

/** A buffer to read back after the pass. */
export interface Reading {
  readonly buffer: GPUBuffer;
  /** Words to read, four bytes each. */
  readonly words: number;
  /** Receives the words. They are valid only during the call. */
  readonly take: (floats: Float32Array) => void;
}

const WORD = 4;

/** Reads the results of a pass back to the host, all at once. */
export class ReadBack {
  #readable: GPUBuffer | null = null;

  constructor(private readonly device: Device) {}

  /** Makes the buffer large enough for all readings. Await this before recording them. */
  async makeRoom(readings: readonly Reading[]): Promise<void> {
    const bytes = bytesOf(readings);
    if (this.#readable !== null && this.#readable.size >= bytes) return;
    const larger = await this.device.allocate('the results', () =>
      this.device.readable('the results of a pass', bytes),
    );
    if (this.#readable) this.device.free(this.#readable);
    this.#readable = larger;
  }

  record(readings: readonly Reading[], recorder: Recorder): void {
    let at = 0;
    for (const { buffer, words } of readings) {
      recorder.copy(buffer, this.#readable!, words * WORD, at);
      at += words * WORD;
    }
  }

  /**
   * Waits for a pass, and passes each reading its words.
   * @param refused the result of the pass's submission
   */
  async take(readings: readonly Reading[], refused: Promise<string | null>): Promise<void> {
    // Without readings, the read below does not wait for the pass, and a long prefill would run ahead of its signal.
    if (readings.length === 0) await this.device.finished();
    const copied = await this.device.read(this.#readable!, bytesOf(readings), refused);
    let at = 0;
    for (const { words, take } of readings) {
      take(new Float32Array(copied, at, words));
      at += words * WORD;
    }
  }
}

/** Returns the bytes of all readings, at least one word: an empty buffer cannot be mapped. */
function bytesOf(readings: readonly Reading[]): number {
  return (
    WORD *
    Math.max(
      1,
      readings.reduce((sum, { words }) => sum + words, 0),
    )
  );
}
