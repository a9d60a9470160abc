/**
 * The organism: a tiny model's own language, in which a dialogue can be drawn and its answers judged without another
 * model. This room reads the grammar that the training recipe draws from, draws the very same dialogues, makes trials
 * whose instructions were kept out of training, and says of an answer whether it obeys and whether it is able. It knows
 * chance and texts; what counts as good is the grammar's to say, not this room's.
 */
export { type Ability, judgeAbility } from './ability.js';
export type { Arm } from './arm.js';
export { Chance } from './chance.js';
export { drawDialogue, drawTrainingDialogue } from './draw.js';
export { type Family, type Grammar, loadGrammar, parseGrammar } from './grammar.js';
export { drawInstructions, fits, type Instruction, isHeldOut, systemText } from './instructions.js';
export { judge } from './judge.js';
export { type ReferenceRound, referencePass, type ShareSpread } from './reference-pass.js';
export { anyRound, probeRound, type Round, topicRound } from './rounds.js';
export { type InstructionScore, type RoundRecord, runTrial } from './run-trial.js';
export { answerText, drawStyle, shape, userText } from './shape.js';
export {
  type ArmEffect,
  type ArmRecords,
  type ArmSummary,
  type ByRound,
  compareArms,
  summarizeArm,
} from './summary.js';
export { drawBareTrial, drawTrial, type Probe, type Trial, type TrialRound } from './trial.js';
