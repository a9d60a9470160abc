import type { Command, Work } from './commands.js';

/** The time that a part of a pass may take: a screen that waits for it still looks alive. */
export const PART_MS = 50;

/** Memory bandwidth and arithmetic of a weak laptop GPU, per millisecond: the guess before anything was measured. */
const BYTES_PER_MS = 20e6;
const FLOPS_PER_MS = 200e6;
/** Shorter parts say more about the latency of a submission than about the GPU. */
const TELLING_MS = PART_MS / 5;
/** How much slower a device is taken to be after a loss: a driver may have ended a part that took too long. */
const SLOWER_AFTER_LOSS = 4;
/** One part corrects by no more than this, as a host that was busy measures wrongly. */
const MOST_OFF = 16;

/** Rows that read weights once: fewer would take as long. */
const LEAST_ROWS = 32;

/** Estimates how long commands take on a device, corrected by the times that were measured. */
export class Pace {
  /** Measured milliseconds per guessed one. */
  #factor = 1;

  /** Returns the end of the longest part from command `start` on that takes at most {@link PART_MS}, and its time. */
  part(commands: readonly Command[], start: number): { readonly end: number; readonly ms: number } {
    let ms = 0;
    let end = start;
    while (end < commands.length) {
      const command = commands[end]!;
      const next = this.#factor * guess(workOf(command));
      if (end > start && next > 0 && ms + next > PART_MS) break;
      ms += next;
      end++;
    }
    return { end, ms };
  }

  /** Returns how many rows a dispatch can take in {@link PART_MS}, at least {@link LEAST_ROWS}. */
  rows(flopsOfRow: number): number {
    const rowMs = this.#factor * guess({ bytes: 0, flops: flopsOfRow });
    return Math.max(LEAST_ROWS, Math.floor(PART_MS / rowMs / LEAST_ROWS) * LEAST_ROWS);
  }

  /** Corrects the estimate by half of what a part's measured time tells. */
  observe(estimatedMs: number, measuredMs: number): void {
    if (Math.max(estimatedMs, measuredMs) < TELLING_MS || estimatedMs === 0) return;
    const ratio = Math.max(1 / MOST_OFF, Math.min(MOST_OFF, measuredMs / estimatedMs));
    this.#factor *= Math.sqrt(ratio);
  }

  /** Makes parts shorter after the device was lost, until they are measured again. */
  observeLoss(): void {
    this.#factor *= SLOWER_AFTER_LOSS;
  }
}

/** A copy reads and writes every byte. */
const workOf = (command: Command): Omit<Work, 'reads'> =>
  command.kind === 'copy' ? { bytes: 2 * command.bytes, flops: 0 } : command.work;

const guess = ({ bytes, flops }: Omit<Work, 'reads'>): number =>
  Math.max(bytes / BYTES_PER_MS, flops / FLOPS_PER_MS);
