import type { Cell } from './cell.js';

/** What takes about as long: cells alike in all but the scenario, the seed and how strong the arm is. */
export const paceOf = ({ kind, measure, labels, arm }: Cell): string =>
  JSON.stringify([
    kind,
    measure,
    labels.model,
    labels.executor,
    labels.precision,
    labels.source,
    arm.settings.policy ?? 'off',
    arm.repeatEvery,
  ]);

/** Knows from the times of cells that are done how long the others will take. */
export interface Estimate {
  done(cell: Cell, totalMs: number): void;
  /** A cell that needs to be waited for no longer. */
  drop(cell: Cell): void;
  /** One cell of every pace of which no time is known. */
  unknown(): readonly Cell[];
  /** Work that is left, as one thread has it; null while nothing is known. Paces without a time take the mean of the others. */
  leftMs(): number | null;
}

export function createEstimate(missing: readonly Cell[]): Estimate {
  interface Pace {
    readonly missing: Set<Cell>;
    cells: number;
    totalMs: number;
  }
  const paces = new Map<string, Pace>();
  const paceFor = (cell: Cell): Pace => {
    const key = paceOf(cell);
    const pace = paces.get(key) ?? { missing: new Set(), cells: 0, totalMs: 0 };
    paces.set(key, pace);
    return pace;
  };
  for (const cell of missing) paceFor(cell).missing.add(cell);

  return {
    done(cell, totalMs) {
      const pace = paceFor(cell);
      pace.missing.delete(cell);
      pace.cells++;
      pace.totalMs += totalMs;
    },
    drop(cell) {
      paceFor(cell).missing.delete(cell);
    },
    unknown: () =>
      [...paces.values()].flatMap((pace) => (pace.cells === 0 ? [...pace.missing].slice(0, 1) : [])),
    leftMs() {
      const all = [...paces.values()];
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      const known = sum(all.map((pace) => pace.cells));
      if (known === 0) return null;
      const meanMs = sum(all.map((pace) => pace.totalMs)) / known;
      return sum(
        all.map(
          ({ missing, cells, totalMs }) => missing.size * (cells === 0 ? meanMs : totalMs / cells),
        ),
      );
    },
  };
}
