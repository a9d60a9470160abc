import { setTimeout as pause } from 'node:timers/promises';
import type { Lock } from '../../lock.js';
import type { Cell } from '../plan/index.js';

/** A group whose cells are being computed; no other process computes them. */
interface OpenGroup {
  readonly lock: Lock;
  /** Cells that nobody has taken yet. */
  readonly cells: Cell[];
  /** Cells that were taken and are not done. */
  taken: number;
}

/** A cell that was taken from the queue. */
export interface TakenCell {
  readonly cell: Cell;
  /** The group that the cell belongs to. */
  readonly group: OpenGroup;
}

/** How a queue finds out what there is to compute. */
export interface QueueParts {
  /** Locks a group. Returns null if another process holds the lock. */
  lock(group: readonly Cell[]): Promise<Lock | null>;
  /** Returns the missing cells of a locked group. */
  missing(group: readonly Cell[]): Promise<readonly Cell[]>;
}

/** Pause before groups that other processes have locked are tried again. */
const LOCKED_PAUSE_MS = 50;

/**
 * Deals the cells of a run to those that compute them. The cells of a group share their first tokens, so whoever computes
 * a group keeps it. Once no group is left, the rest of an open group is shared out too.
 */
export class CellQueue {
  readonly #open = new Set<OpenGroup>();
  /** Groups that nobody has opened. */
  readonly #pending: (readonly Cell[])[];
  /** Groups that other processes have locked. */
  readonly #locked: (readonly Cell[])[] = [];
  /** Attempts to open a group, as promises that never reject. */
  readonly #opening = new Set<Promise<unknown>>();

  constructor(
    groups: readonly (readonly Cell[])[],
    private readonly parts: QueueParts,
    private readonly signal: AbortSignal,
  ) {
    this.#pending = [...groups];
  }

  /**
   * Takes the next cell.
   * @param own the group that the caller last took a cell from
   * @returns null if there is none left, or the signal has fired
   */
  async take(own: OpenGroup | null): Promise<TakenCell | null> {
    while (!this.signal.aborted) {
      const open = own !== null && own.cells.length > 0 ? own : ((await this.#openNext()) ?? this.#fullest());
      if (open !== null) {
        const cell = open.cells.shift();
        // Others may have taken all cells of a group before whoever opened it got here.
        if (cell === undefined) continue;
        open.taken++;
        return { cell, group: open };
      }
      if (this.#opening.size > 0) await Promise.race(this.#opening);
      else if (this.#pending.length === 0 && this.#locked.length === 0) return null;
      else if (this.#pending.length === 0) {
        await pause(LOCKED_PAUSE_MS);
        this.#pending.push(...this.#locked.splice(0));
      }
    }
    return null;
  }

  /** Says that a cell is on disk. */
  async done({ group }: TakenCell): Promise<void> {
    group.taken--;
    if (group.taken === 0 && group.cells.length === 0) await this.#close(group);
  }

  /** Releases all locks. Call it when nobody takes cells any more. */
  async close(): Promise<void> {
    await Promise.all(this.#opening);
    await Promise.all([...this.#open].map((group) => this.#close(group)));
  }

  async #close(group: OpenGroup): Promise<void> {
    if (this.#open.delete(group)) await group.lock.release();
  }

  /** Opens the next pending group that has missing cells. Returns null if there is none. */
  async #openNext(): Promise<OpenGroup | null> {
    for (;;) {
      const group = this.#pending.shift();
      if (group === undefined) return null;
      const opening = this.#tryOpen(group);
      const settled = opening.then(
        () => {},
        () => {},
      );
      this.#opening.add(settled);
      try {
        const open = await opening;
        if (open !== null) return open;
      } finally {
        this.#opening.delete(settled);
      }
    }
  }

  async #tryOpen(cells: readonly Cell[]): Promise<OpenGroup | null> {
    const lock = await this.parts.lock(cells);
    if (lock === null) {
      this.#locked.push(cells);
      return null;
    }
    const group: OpenGroup = { lock, cells: [], taken: 0 };
    this.#open.add(group);
    group.cells.push(...(await this.parts.missing(cells)));
    if (group.cells.length > 0) return group;
    await this.#close(group);
    return null;
  }

  /** Returns the open group with the most cells that nobody has taken; null if there is none. */
  #fullest(): OpenGroup | null {
    let fullest: OpenGroup | null = null;
    for (const group of this.#open) {
      if (group.cells.length > (fullest?.cells.length ?? 0)) fullest = group;
    }
    return fullest;
  }
}
