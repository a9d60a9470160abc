/**
 * Studies: a specification in YAML is checked, expanded into cells, and run; every finished cell is durable at once, so
 * that a study that was killed goes on and ends with the same bytes. Knows models, scenarios, arms and files; must not
 * know statistics or how results are shown.
 */
export type { Arm } from './arm.js';
export type { Cell, CellTiming } from './cell.js';
export { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';
export { type HeldOut, type OpenedSource, openSource } from './open-source.js';
export type * from './record.js';
export { type CellResult, runCell } from './run-cell.js';
export type * from './spec.js';
