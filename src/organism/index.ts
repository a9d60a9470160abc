/**
 * The organism: a tiny model's own language, in which a dialogue can be drawn and its answers judged without another
 * model. This room reads the grammar that the training recipe draws from, draws the very same dialogues, makes trials
 * whose instructions were kept out of training, says of an answer whether it obeys and whether it is able, leads a model
 * through trials under arms, and sums up what it saw. What counts as good is the grammar's to say, not this room's; which
 * models and arms are tried, and where records are kept, its callers'.
 */
export type { ShareSpread } from '../statistics/index.js';
export { type Ability, judgeAbility } from './ability.js';
export { type ArmEffect, armEffect } from './arm-effect.js';
export { type ArmRecords, stabilityIn } from './arm-records.js';
export { type Family, type Grammar, loadGrammar } from './grammar.js';
export { judge } from './instruction-judge.js';
export type { Instruction } from './instructions.js';
export {
  type ArmCourse,
  EARLY,
  LATE,
  type PairedSummary,
  type Rounds,
  summarizePair,
} from './paired-summary.js';
export {
  type ReferenceRound,
  type ReferenceShares,
  referencePass,
} from './reference-pass.js';
export type { Round } from './rounds.js';
export { type InstructionScore, type RoundRecord, runTrial } from './run-trial.js';
export { type ArmSummary, type ByRound, summarizeArm } from './summary.js';
export { substitute } from './template.js';
export { drawBareTrial, drawTrial, type Probe, type Trial, type TrialRound } from './trial.js';
export type { Arm } from './trial-arm.js';
