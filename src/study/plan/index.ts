/**
 * The plan of a study: finds models and sources, resolves arms, and lists the cells, each with an address computed from
 * its content. Knows the fields of records; must not know where records are kept or how cells are computed.
 */
export type { ModelFacts } from './address.js';
export { type Arm, type ArmSettings, UNTOUCHED } from './arm.js';
export type { Cell, CellTiming } from './cell.js';
export { createEstimate, type Estimate } from './estimate.js';
export { expand, type Found, type FoundSource, rankingCells } from './expand.js';
export { type AskedQuestion, PLAIN_SYSTEM, textDialogue } from './held-out.js';
export { type LockedPlan, lockedAnalysisOf, planHash } from './locked-analysis.js';
export { modelFile } from './model-paths.js';
export { type HeldOut, type OpenedSource, openSource } from './open-source.js';
export { openStudy } from './open-study.js';
export {
  cellsOfShard,
  groupsOf,
  type PlannedCell,
  type Study,
  type StudyCells,
  type StudyModel,
  type StudySource,
} from './plan.js';
export { planText } from './plan-text.js';
export { type PlacedProbe, probesIn, probesOf } from './probes.js';
export type {
  CellLabels,
  CellRecord,
  ChanceAnswer,
  ChanceRecord,
  CostRecord,
  DialogueRecord,
  FailedCell,
  FailureRecord,
  InfluenceRecord,
  ProbeRecord,
  RankingRecord,
  ReferenceRecord,
  RoundRecord,
  RoundSum,
} from './record.js';
export { groupOf, type Shard, shardOf } from './shard.js';
export { CELL_VERSION, versionsThatMatter } from './versions.js';
