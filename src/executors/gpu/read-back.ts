import type { Device } from './device.js';
import type { Recorder } from './recorder.js';

/** A buffer that is read back after the pass, and who takes its words. */
export interface Reading {
  readonly buffer: GPUBuffer;
  /** Of four bytes each. */
  readonly words: number;
  readonly take: (floats: Float32Array) => void;
}

const WORD = 4;

/** Brings what was asked of a pass to the host, all of it at once. */
export class ReadBack {
  #readable: GPUBuffer | null = null;

  constructor(private readonly device: Device) {}

  /** Makes the buffer that all readings fit into, one behind the other. To be awaited before they are recorded. */
  async makeRoom(readings: readonly Reading[]): Promise<void> {
    const bytes = bytesOf(readings);
    if (this.#readable !== null && this.#readable.size >= bytes) return;
    const larger = await this.device.allocate('what is read back', () =>
      this.device.readable('what is read back of a pass', bytes),
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
   * Waits for a pass, and hands out what is read back.
   * @param refused what the submission of the pass returned
   */
  async take(readings: readonly Reading[], refused: Promise<string | null>): Promise<void> {
    // Where nothing is read the reading waits for nothing, and a long prefill would run ahead of its signal.
    if (readings.length === 0) await this.device.finished();
    const copied = await this.device.read(this.#readable!, bytesOf(readings), refused);
    let at = 0;
    for (const { words, take } of readings) {
      take(new Float32Array(copied, at, words));
      at += words * WORD;
    }
  }
}

/** Never nothing: what is not there cannot be mapped. */
function bytesOf(readings: readonly Reading[]): number {
  return (
    WORD *
    Math.max(
      1,
      readings.reduce((sum, { words }) => sum + words, 0),
    )
  );
}
