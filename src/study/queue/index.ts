/**
 * The cells of a study by way of a queue: one process puts groups of them into BullMQ on Redis, any number of workers take
 * them. Every cell is computed at least once; as its address says all that its result depends on, twice does no harm. Knows
 * plans, folders and how cells are computed; must not know commands.
 */
export { queuedCells } from './queued-cells.js';
export { runWorker, type WorkerOptions, type WorkerSummary } from './worker.js';
