/**
 * Studies: a specification in YAML is checked, expanded into cells, and run; every finished cell is durable at once, so
 * that a study that was killed goes on and ends with the same bytes. Knows models, scenarios, arms and files; must not
 * know statistics or how results are shown.
 */
export type { ModelFacts } from './address.js';
export type { Arm, ArmSettings } from './arm.js';
export { headsText } from './arm-name.js';
export type { Cell, CellTiming } from './cell.js';
export type { CellOutcome, OpenCells } from './compute.js';
export { expand, type Found, type FoundSource, rankingCells } from './expand.js';
export { readResults } from './export.js';
export { readTimings } from './folder.js';
export { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';
export { type MergeSummary, mergeStudies } from './merge.js';
export { type HeldOut, type OpenedSource, openSource } from './open-source.js';
export { CELLS, openStudy } from './open-study.js';
export { parseSpec } from './parse-spec.js';
export type { PlannedCell, Study, StudyModel } from './plan.js';
export { planText } from './plan-text.js';
export type * from './record.js';
export { type FailedCell, type RunOptions, type RunProgress, type RunSummary, runStudy } from './run.js';
export { type CellResult, runCell } from './run-cell.js';
export { groupOf, type Shard, shardOf } from './shard.js';
export type * from './spec.js';
export { type KeptStudy, readStudy, type StudyFile, type StudyOrigin } from './study-file.js';
export { exportStudy, type Survey, type SurveyRow, surveyStudy } from './survey.js';
export { type OpenTasks, openThread, type Thread, ThreadEnded } from './threads.js';
export { CELL_VERSION, versionsThatMatter } from './versions.js';
