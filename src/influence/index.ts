/**
 * Influence: how much a system prompt changes what a model says, measured without a judge, by the model's own
 * probabilities on given answers. Knows models, dialogues and policies; must not know arms, studies or files.
 */
export { type AnsweredReferences, type AnsweringOptions, answeredReferences } from './answers.js';
export { klDivergence } from './divergence.js';
export {
  answerScore,
  type Effect,
  type Influence,
  type InfluenceHistory,
  type InfluenceOptions,
  measureInfluence,
  type Reference,
  type ReferenceInfluence,
  type RoundInfluence,
} from './influence.js';
export { closestInLength, referenceText } from './references.js';
export { type LeftOut, sentencesLeftOut } from './sentences.js';
