/**
 * Studies: a specification in YAML is checked, expanded into cells, and run; every finished cell is durable at once, so
 * that a study that was killed goes on and ends with the same bytes. Knows models, scenarios, arms and files; must not
 * know statistics or how results are shown.
 */
export type { ModelFacts } from './address.js';
export type { Arm, ArmSettings } from './arm.js';
export type { Cell, CellTiming } from './cell.js';
export { expand, type Found, type FoundSource, rankingCells } from './expand.js';
export { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';
export { withModelPaths } from './model-paths.js';
export { type HeldOut, type OpenedSource, openSource } from './open-source.js';
export { parseSpec } from './parse-spec.js';
export { durationText, planText } from './plan-text.js';
export type * from './record.js';
export { type CellResult, runCell } from './run-cell.js';
export { groupOf, type Shard, shardOf } from './shard.js';
export type * from './spec.js';
export { EMBEDDED_NAME } from './spec-models.js';
export { CELL_VERSION, versionsThatMatter } from './versions.js';
