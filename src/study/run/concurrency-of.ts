import { type AskedConcurrency, type Concurrency, planConcurrency } from '../../concurrency.js';
import type { Cell, Study } from '../plan/index.js';

/** Returns how many cells of a cell's model run at once. */
export type ConcurrencyOf = (cell: Cell) => Concurrency;

/** Chooses for each model of a study, once, how many of its cells run at once. */
export function concurrencyIn({ models }: Study, { jobs, batch }: AskedConcurrency): ConcurrencyOf {
  const chosen = new Map<string, Concurrency>();
  return ({ model: { executor }, labels }) => {
    const { size } = models.find(({ name }) => name === labels.model)!;
    const concurrency = chosen.get(labels.model) ?? planConcurrency(executor, size, { jobs, batch });
    chosen.set(labels.model, concurrency);
    return concurrency;
  };
}

/** Groups of cells that run with the same concurrency. */
interface Part {
  readonly concurrency: Concurrency;
  readonly groups: (readonly Cell[])[];
}

/** Divides groups by the concurrency of their models. Leaves out empty groups. */
export function partsOf(groups: readonly (readonly Cell[])[], concurrencyOf: ConcurrencyOf): Part[] {
  const parts = new Map<string, Part>();
  for (const group of groups) {
    const [first] = group;
    if (first === undefined) continue;
    const concurrency = concurrencyOf(first);
    const key = JSON.stringify(concurrency);
    const part = parts.get(key) ?? { concurrency, groups: [] };
    part.groups.push(group);
    parts.set(key, part);
  }
  return [...parts.values()];
}
