/**
 * The organism: a tiny model with a language of its own, in which dialogues can be drawn, and answers judged, without
 * another model. This room reads the grammar of the training recipe, draws the same dialogues as the recipe, draws
 * trials whose combinations of instructions were held out of training, judges obedience and ability of answers, runs
 * trials under arms, and summarises their records. The grammar defines what a good answer is. Callers choose models and
 * arms, and store the records.
 */
export type { ShareSpread } from '../statistics/index.js';
export { type Ability, judgeAbility } from './ability.js';
export { type ArmEffect, armEffect } from './arm-effect.js';
export { stabilityIn, type TrialArmRecords } from './arm-records.js';
export { type Family, type Grammar, loadGrammar } from './grammar.js';
export { judge } from './instruction-judge.js';
export type { Instruction } from './instructions.js';
export {
  EARLY,
  LATE,
  type PairedSummary,
  type Rounds,
  summarizePair,
  type TrialArmCourse,
} from './paired-summary.js';
export {
  type ReferenceRound,
  type ReferenceShares,
  referencePass,
} from './reference-pass.js';
export type { Round } from './rounds.js';
export { type InstructionScore, runTrial, type TrialRoundRecord } from './run-trial.js';
export { type ArmSummary, type ByRound, summarizeArm } from './summary.js';
export { substitute } from './template.js';
export {
  drawBareTrial,
  drawTrial,
  type Trial,
  type TrialProbe,
  type TrialRound,
  unrelatedTrial,
} from './trial.js';
export type { TrialArm } from './trial-arm.js';
