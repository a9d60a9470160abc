/**
 * Scenarios: dialogues to run a model through. One interface covers six sources: the organism's own language,
 * self-chat as in Li et al. 2024, scripted users, primed dialogues, recorded dialogues and a prompt of the user's own. Knows what is said and how
 * answers are judged; must not know arms, cells or results.
 */
export { organismSource } from './organism-source.js';
export {
  everydayUsers,
  type OwnPrompt,
  organismUsers,
  promptSource,
  type Surroundings,
} from './prompt-source.js';
export { replaySource } from './replay-source.js';
export type {
  Probe,
  Scenario,
  ScenarioSource,
  UnrelatedPrompt,
  User,
  UserContext,
} from './scenario.js';
export { primedSource, type ScriptChoice, scriptSource } from './script-source.js';
export { type SelfChatChoice, selfChatSource } from './self-chat-source.js';
