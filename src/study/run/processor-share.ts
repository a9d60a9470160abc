import { availableParallelism } from 'node:os';
import { takesOption } from '../../executors/registry.js';
import type { Cell, CellTiming } from '../plan/index.js';

/**
 * Returns the part of their threads' time that the processor worked for some cells, above 0 and at most 1. It is below 1 if
 * other programs kept the processor busy; on a machine that does nothing else, such cells take this part of their time. The
 * whole process is counted, with the loading of models, so the part is rather too large.
 * @param timings of the cells, all computed with as many threads each; null for as many as there are processors
 * @param used the time of this process on the processors meanwhile
 */
export function processorShare(
  timings: readonly CellTiming[],
  threads: number | null,
  used: NodeJS.CpuUsage,
): number {
  const availableMs =
    timings.reduce((sum, { totalMs }) => sum + totalMs, 0) * (threads ?? availableParallelism());
  return availableMs === 0 ? 1 : Math.min(1, (used.user + used.system) / 1000 / availableMs);
}

/** Whether a cell's work is done on the processor, by a known number of threads. */
export const isOnProcessor = ({ model: { executor } }: Cell): boolean => takesOption(executor, 'threads');
