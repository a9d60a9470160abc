/**
 * Studies. A YAML specification is checked, expanded into cells, and run. Each finished cell is written to disk at once,
 * so a killed study can be resumed and ends with the same bytes. Knows models, scenarios, arms and files; must not know
 * statistics or how results are shown.
 */

export {
  exportStudy,
  type KeptStudy,
  type MergeSummary,
  mergeStudies,
  readResults,
  readStudy,
  readTimings,
  type StudyFile,
  type StudyOrigin,
  type Survey,
  type SurveyRow,
  surveyStudy,
} from './folder/index.js';
export type {
  Arm,
  ArmSettings,
  Cell,
  CellLabels,
  CellRecord,
  CellTiming,
  ChanceAnswer,
  ChanceRecord,
  CostRecord,
  DialogueRecord,
  FailedCell,
  FailureRecord,
  ModelFacts,
  PlannedCell,
  ProbeRecord,
  RankingRecord,
  RoundRecord,
  Study,
  StudyModel,
} from './plan/index.js';
export {
  CELL_VERSION,
  expand,
  type Found,
  type FoundSource,
  groupOf,
  type HeldOut,
  type LockedPlan,
  type OpenedSource,
  openSource,
  openStudy,
  planText,
  rankingCells,
  type Shard,
  shardOf,
  versionsThatMatter,
} from './plan/index.js';
export type { CellOutcome, CellSetup, OpenCells } from './run/index.js';
export {
  CELLS,
  type CellResult,
  type LeadSettings,
  type LedDialogue,
  leadDialogue,
  type OpenTasks,
  openThread,
  type RunOptions,
  type RunProgress,
  type RunSummary,
  runCell,
  runStudy,
  type Tasks,
  type Thread,
  ThreadEnded,
} from './run/index.js';
export type {
  AnalysisPlan,
  ArmSpec,
  Contrast,
  CostsSpec,
  HeadChoice,
  ModelSpec,
  PrimaryOutcome,
  SourceSpec,
  StudySpec,
} from './spec/index.js';
export { canonicalJson, contrastKey, headsText, parseSpec } from './spec/index.js';
