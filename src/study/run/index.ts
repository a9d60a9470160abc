/**
 * Runs studies: computes dialogues, costs and rankings in threads. Knows models, plans and folders; must not know
 * statistics.
 */
export { type ComputeCells, computeGroups, type Work } from './compute.js';
export {
  CELLS,
  type CellOutcome,
  type CellSetup,
  type Computer,
  createComputer,
  type OpenCells,
} from './computer.js';
export { concurrencyIn, partsOf } from './concurrency-of.js';
export { prepareStudy } from './first-run.js';
export { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';
export { type RunOptions, type RunProgress, type RunSummary, runStudy } from './run.js';
export { type CellResult, runCell } from './run-cell.js';
export { studyMoment } from './study-moment.js';
export { type OpenTasks, openThread, type Tasks, type Thread, ThreadEnded } from './threads.js';
