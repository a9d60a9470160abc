import type { Cell } from './cell.js';
import { SortedNumbers } from './sorted-numbers.js';

/** Returns a key that is the same for cells of about equal duration, which differ in scenario, seed or strength. */
const paceOf = ({ kind, measure, labels, arm, influence }: Cell): string =>
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
    'cache' in arm.settings,
    'reminder' in arm.settings,
    influence?.effect,
  ]);

/** Estimates from the times of finished cells how long the others will take. */
export interface Estimate {
  /** Sets the time of a finished cell. */
  done(cell: Cell, totalMs: number): void;
  /** Removes a cell that need not be computed any more. */
  drop(cell: Cell): void;
  /** Returns one missing cell of every pace without a time. */
  unknown(): readonly Cell[];
  /** Returns the time of a cell: the median of its pace, or of all cells; null while no time is known. */
  msOf(cell: Cell): number | null;
  /** Returns the time of all missing cells on one thread; null while no time is known. */
  leftMs(): number | null;
}

/** Cells of about the same duration. */
interface Pace {
  readonly missing: Set<Cell>;
  /** Times of finished cells. */
  readonly times: Map<Cell, number>;
  readonly sorted: SortedNumbers;
}

/**
 * Creates an estimate for the missing cells of a study. It takes medians: cells that ran while the machine did something
 * else, and the first of a thread, take several times as long as others. It is asked after every cell of a run, so no answer
 * goes through all times.
 */
export function createEstimate(missing: readonly Cell[]): Estimate {
  const paces = new Map<string, Pace>();
  const all = new SortedNumbers();
  const paceFor = (cell: Cell): Pace => {
    const key = paceOf(cell);
    const pace = paces.get(key) ?? { missing: new Set(), times: new Map(), sorted: new SortedNumbers() };
    paces.set(key, pace);
    return pace;
  };
  for (const cell of missing) paceFor(cell).missing.add(cell);

  return {
    done(cell, totalMs) {
      const pace = paceFor(cell);
      const before = pace.times.get(cell);
      for (const times of [pace.sorted, all]) {
        if (before !== undefined) times.remove(before);
        times.add(totalMs);
      }
      pace.missing.delete(cell);
      pace.times.set(cell, totalMs);
    },
    drop(cell) {
      paceFor(cell).missing.delete(cell);
    },
    unknown: () =>
      [...paces.values()].flatMap(({ missing, times }) => (times.size === 0 ? [...missing].slice(0, 1) : [])),
    msOf: (cell) => paceFor(cell).sorted.median() ?? all.median(),
    leftMs() {
      const overall = all.median();
      if (overall === null) return null;
      return [...paces.values()].reduce(
        (sum, { missing, sorted }) => sum + missing.size * (sorted.median() ?? overall),
        0,
      );
    },
  };
}
