/**
 * Runs studies: computes dialogues, costs and rankings in threads. Knows models, plans and folders; must not know
 * statistics.
 */
export { CELLS, type CellOutcome, type CellSetup, type OpenCells } from './computer.js';
export { prepareStudy } from './first-run.js';
export { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';
export { type RunOptions, type RunProgress, type RunSummary, runStudy } from './run.js';
export { type CellResult, runCell } from './run-cell.js';
export { studyMoment } from './study-moment.js';
export { type OpenTasks, openThread, type Tasks, type Thread, ThreadEnded } from './threads.js';
