/**
 * Measures decay: how the shares of a dialogue's spans fall as the dialogue grows, for every token, layer and head. It
 * streams shares to disk and summarises them. This room knows models, dialogues and files; it must not know arms, judges
 * or studies.
 */
export { FEWEST_CLUSTERS, type HalfLife, type Measured } from './estimates.js';
export { type FigureWords, headMap, tokenFigure, turnFigure } from './figures.js';
export { byDecay, byShare, type HeadKind, type HeadSummary } from './head-summary.js';
export {
  type InfluenceSummary,
  influenceFigure,
  type ReferenceSummary,
} from './influence.js';
export { type LeadOptions, type MeasuredTurn, measureDialogue } from './lead.js';
export { readAloud } from './read.js';
export { type Recorded, type RecordedMessage, readRecorded } from './recorded.js';
export {
  type DecayProgress,
  type DecayResult,
  type DecayRun,
  type InfluencePlan,
  type MeasuredDialogue,
  measureDecay,
  measuredBytes,
} from './run.js';
export { SHARE_COLUMNS, type ShareColumn } from './share-columns.js';
export {
  clusterWord,
  type DecaySummary,
  HALF_LIFE_COLUMNS,
  type HalfLives,
  type Place,
  type TokenPlace,
  type TurnPlace,
} from './summary.js';
