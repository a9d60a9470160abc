import type { Share } from '../../dialogue/index.js';
import {
  type Grammar,
  type Instruction,
  judge,
  type Round,
  substitute,
  type Trial,
  type TrialRoundRecord,
} from '../../organism/index.js';

/** An instruction of the system prompt in one round of one arm. */
export interface InstructionState {
  /** Its words in the system prompt. */
  readonly text: string;
  readonly kept: boolean;
  /** The probe that showed the loss; null if the answer itself shows it, or if nothing was lost. */
  readonly probe: { readonly question: string; readonly answer: string } | null;
}

/** One arm's answer in a round. */
export interface DialogueSide {
  readonly answer: string;
  /** The prompt's share in this answer. */
  readonly share: Share;
  readonly instructions: readonly InstructionState[];
}

/** A round of a dialogue, answered off and held. */
export interface DialogueRound {
  readonly number: number;
  readonly user: string;
  readonly off: DialogueSide;
  readonly held: DialogueSide;
}

/** Returns a round with both of its answers. */
export function dialogueRound(
  grammar: Grammar,
  trial: Trial,
  records: { readonly off: TrialRoundRecord; readonly held: TrialRoundRecord },
): DialogueRound {
  const number = records.off.round;
  return {
    number,
    user: trial.rounds[number - 1]!.user,
    off: dialogueSide(grammar, trial, records.off),
    held: dialogueSide(grammar, trial, records.held),
  };
}

/** Whether an instruction was lost. */
export function isLost({ instructions }: DialogueSide): boolean {
  return instructions.some(({ kept }) => !kept);
}

/** Returns one arm's answer in a round. */
export function dialogueSide(grammar: Grammar, trial: Trial, record: TrialRoundRecord): DialogueSide {
  const { answer, share } = record;
  return {
    answer,
    share,
    instructions: trial.instructions.map((instruction) => stateOf(grammar, trial, record, instruction)),
  };
}

function stateOf(
  grammar: Grammar,
  { system, instructions, rounds }: Trial,
  { round, answer, probes }: TrialRoundRecord,
  instruction: Instruction,
): InstructionState {
  const { round: said, probes: asked } = rounds[round - 1]!;
  const inAnswer =
    !callsFor(grammar, said, instruction) || judge(grammar, instruction, answer, instructions) === 1;
  const onBranch = probes.find(({ family }) => family === instruction.family)!;
  const probe = asked.find((each) => each.instructions.includes(instruction))!;
  return {
    text: saidText(grammar, system, instruction),
    kept: inAnswer && onBranch.score === 1,
    probe: inAnswer && onBranch.score !== 1 ? { question: probe.user, answer: onBranch.answer } : null,
  };
}

/** Whether the answer to the user's message must show the instruction. */
function callsFor({ families }: Grammar, said: Round, { family, slots }: Instruction): boolean {
  const { shown, ask } = families[family]!;
  if (shown === 'always') return true;
  if (shown === 'topic') return said.topic === slots.topic;
  return said.ask === ask && said.slots.kind === slots.kind;
}

/** Returns an instruction's words in the system prompt: the form of its family that occurs there. */
function saidText({ families }: Grammar, system: string, { family, slots }: Instruction): string {
  const forms = families[family]!.instructions.map((form) => substitute(form, slots));
  return forms.find((form) => system.includes(form))!;
}
