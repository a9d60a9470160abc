import { describe, expect, it } from 'vitest';
import type { Cell } from '../plan/index.js';
import { CellQueue, type TakenCell } from './cell-queue.js';

const LOCK = { release: async () => {} };
const groupOf = (...addresses: string[]): Cell[] => addresses.map((address) => ({ address }) as Cell);

/** Resolves after some microtasks. */
async function after(microtasks: number): Promise<void> {
  for (let at = 0; at < microtasks; at++) await null;
}

/** Takes all cells of a queue on several lanes, and returns the address of each that was taken. */
async function takeAll(queue: CellQueue, lanes: number, delay: (lane: number) => number): Promise<string[]> {
  const taken: string[] = [];
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      await after(delay(lane));
      let group: TakenCell['group'] | null = null;
      for (;;) {
        const next: TakenCell | null = await queue.take(group);
        if (next === null) return;
        taken.push(next.cell.address);
        group = next.group;
        await after(delay(lane));
        await queue.done(next);
      }
    }),
  );
  await queue.close();
  return taken.sort();
}

describe('a queue of cells', () => {
  it('gives each cell to one lane, whenever a group opens and others look for work', async () => {
    const groups = [groupOf('a'), groupOf('b'), groupOf('c', 'd'), groupOf('e')];
    for (let missing = 0; missing < 12; missing++) {
      for (let step = 0; step < 6; step++) {
        const parts = {
          lock: async () => LOCK as never,
          missing: async (cells: readonly Cell[]) => {
            await after(missing);
            return cells;
          },
        };
        const queue = new CellQueue(groups, parts, new AbortController().signal);
        const taken = await takeAll(queue, 6, (lane) => step * lane);
        expect(taken, `${missing} and ${step} microtasks`).toEqual(['a', 'b', 'c', 'd', 'e']);
      }
    }
  });
});
