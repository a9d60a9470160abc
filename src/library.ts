/**
 * The main API, for Node and browsers: chats, comparisons, saved dialogues, generation and traces, with their types.
 * Everything else is published by room, e.g. `holdfast/attention`.
 */
export {
  POLICIES,
  type Policy,
  parseSchedule,
  type Receipt,
  type Schedule,
  type Target,
} from './attention/index.js';
export {
  type AnswerOptions,
  type AnswerStep,
  type AppliedHold,
  applyHold,
  type Chat,
  type ChatOptions,
  type Comparison,
  type HoldFile,
  loadDialogue,
  openChat,
  openComparison,
  presetFor,
  RECOMMENDED_HOLD,
  readHold,
  replayDialogue,
  type SavedDialogue,
  type SettingsOptions,
  saveDialogue,
  type Turn,
} from './dialogue/index.js';
export {
  type GenerationOptions,
  type GenerationStep,
  generate,
  type Model,
  type SamplingOptions,
  Session,
} from './engine/index.js';
export { type ErrorCode, HoldfastError } from './errors.js';
export type { Executor } from './executors/index.js';
export type { Message } from './text/index.js';
export { type Trace, type TraceOptions, traceRun } from './trace/index.js';
