/**
 * Attention shares and how to change them: policies (π → π′), schedules (strength as a function of the dialogue's
 * length), targets (the tokens whose share is changed) and receipts (the record of what changed). Pure functions on
 * numbers. Knows spans; knows nothing of models, executors or sessions.
 */
export type { TokenRange } from '../text/index.js';
export { type HeadGrid, type HeadPair, type HeadSelection, headMask } from './heads.js';
export {
  headsInMeans,
  layersInMeans,
  type MeanHeads,
  meanOverHeads,
  type SightedGrid,
  seesBothSides,
  seesTarget,
} from './means.js';
export {
  checkStrength,
  findPolicy,
  identityNotice,
  isIdentity,
  mapShare,
  POLICIES,
  POLICIES_WITH_STRENGTH,
  POLICY_RULES,
  type Policy,
  type PolicyRule,
  type PolicyWithoutStrength,
  type PolicyWithStrength,
  parsePolicy,
  renamedNotice,
  rowMap,
  strengthProblem,
  strengthText,
  takesStrength,
} from './policy.js';
export { policyText } from './policy-text.js';
export {
  assertTouched,
  changedPairs,
  hasActed,
  type Receipt,
  ReceiptBook,
  type ReceiptEntry,
  untouchedError,
} from './receipt.js';
export { attendRow, type Row, softmax } from './row.js';
export { IDENTITY_MAP, isIdentityMap, log1mExp, logitBias, mapLogShare, type RowMap } from './row-map.js';
export {
  checkSchedule,
  type DialoguePoint,
  parseSchedule,
  type Schedule,
  type ScheduledStrength,
  scheduleBounds,
  scheduledStrength,
  strengthForMeanShare,
} from './schedule.js';
export { softCap } from './soft-cap.js';
export { type Strengths, strengthPerHead, uniformStrength } from './strength.js';
export {
  checkTarget,
  DEFAULT_TARGET,
  hasSystemMessage,
  type NamedTarget,
  namedBy,
  needsSystem,
  parseTarget,
  resolveTarget,
  type Target,
  type TargetContext,
  targetName,
  tokensBefore,
  tokensNeeded,
} from './target.js';
