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
    'guidance' in arm.settings,
  ]);

/** Knows from the times of cells that are done how long the others will take. */
export interface Estimate {
  done(cell: Cell, totalMs: number): void;
  /** A cell that needs to be waited for no longer. */
  drop(cell: Cell): void;
  /** One cell of every pace of which no time is known. */
  unknown(): readonly Cell[];
  /** How long a cell takes: the mean of those of its pace, else of all; null while nothing is known. */
  msOf(cell: Cell): number | null;
  /** Work that is left, as one thread has it; null while nothing is known. */
  leftMs(): number | null;
}

interface Pace {
  readonly missing: Set<Cell>;
  /** With a time, and the sum of these. */
  cells: number;
  totalMs: number;
}

export function createEstimate(missing: readonly Cell[]): Estimate {
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
    msOf: (cell) => meanMs([paceFor(cell)]) ?? meanMs([...paces.values()]),
    leftMs() {
      const all = [...paces.values()];
      const overall = meanMs(all);
      if (overall === null) return null;
      return sum(all.map((pace) => pace.missing.size * (meanMs([pace]) ?? overall)));
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function meanMs(paces: readonly Pace[]): number | null {
  const cells = sum(paces.map((pace) => pace.cells));
  return cells === 0 ? null : sum(paces.map((pace) => pace.totalMs)) / cells;
}
