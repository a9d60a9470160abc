/**
 * Dialogues: chats laid out with the model's template and answered under a policy and its schedule, with shares and
 * receipts for every turn; two chats side by side; dialogues in files. Knows turns, system prompts, settings and full
 * contexts; must not know how a forward pass is computed, nor terminals, servers, the file system or Node.
 */

export { type AppliedHold, applyHold, type HeldModel, holdNotes } from './apply-hold.js';
export type { Held } from './caches.js';
export type { Chat } from './chat.js';
export type { AnswerOptions, ChatOptions } from './chat-options.js';
export { type ComparedStep, type ComparedTurns, type Comparison, openComparison } from './compare.js';
export { DialogueCache, type GivenDialogue, type PreparedDialogue, systemText } from './dialogue-cache.js';
export {
  type LoadedDialogue,
  loadDialogue,
  type SavedDialogue,
  type SavedSettings,
  type SavedTurn,
  saveDialogue,
} from './dialogue-file.js';
export { type ContextUse, FullContext } from './fit.js';
export {
  type EndedTurn,
  type ForcedChat,
  type ForcedChatOptions,
  type ForcedRows,
  type ForcedTurn,
  openForcedChat,
} from './forced-chat.js';
export { type GivenAnswer, layoutAnswer } from './given-answer.js';
export type { Exchange } from './history.js';
export {
  type HoldEvidence,
  type HoldFile,
  type HoldSettings,
  holdOptions,
  holdSettingsOf,
  holdText,
  holdWords,
  readHold,
} from './hold-file.js';
export { openChat } from './open-chat.js';
export { type FreePlaces, NO_PLACES, Places } from './places.js';
export { PRESETS, presetFor } from './presets.js';
export { type ProbeQuestion, probeTogether } from './probe-together.js';
export { layoutPrompt, type Prompt, type PromptMessage, type PromptOptions } from './prompt.js';
export { withReminder } from './reminder.js';
export { type Replay, type ReplayDifference, type ReplayOptions, replayDialogue } from './replay.js';
export { schedule as scheduleSchema } from './setting-schemas.js';
export { changeSettings, defaultSettings, RECOMMENDED_HOLD, type Settings } from './settings.js';
export {
  CACHE_KINDS,
  type CacheKind,
  type PolicyChoice,
  type PolicyOptions,
  policyChoice,
  type SettingsChanges,
  type SettingsOptions,
  type SteeringOptions,
} from './settings-options.js';
export {
  type AnswerShares,
  createShareMeter,
  type HeadShares,
  type PartShares,
  type Share,
  type ShareMeter,
  type SpanShare,
  sharesAt,
} from './shares.js';
export { together } from './together.js';
export {
  type AnswerStep,
  answerIds,
  type RowObservation,
  type Turn,
  tokensPerSecond,
} from './turn.js';
export { type Watched, watchTargets } from './watch.js';
