import type { Cell } from './cell.js';

/** Returns a key that is the same for cells of about equal duration, which differ in scenario, seed or strength. */
const paceOf = ({ kind, measure, labels, arm }: Cell): string =>
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

/** Estimates from the times of finished cells how long the others will take. */
export interface Estimate {
  /** Adds the time of a finished cell. */
  done(cell: Cell, totalMs: number): void;
  /** Removes a cell that need not be computed any more. */
  drop(cell: Cell): void;
  /** Returns one missing cell of every pace without a time. */
  unknown(): readonly Cell[];
  /** Returns the time of a cell: the mean of its pace, or of all cells; null while no time is known. */
  msOf(cell: Cell): number | null;
  /** Returns the time of all missing cells on one thread; null while no time is known. */
  leftMs(): number | null;
}

/** Cells of about the same duration. */
interface Pace {
  readonly missing: Set<Cell>;
  /** Number of timed cells. */
  cells: number;
  /** Sum of their times. */
  totalMs: number;
}

/** Creates an estimate for the missing cells of a study. */
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
