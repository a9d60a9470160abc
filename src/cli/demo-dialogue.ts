import type { Share } from '../dialogue/index.js';
import type { Grammar, Instruction, RoundRecord, Trial } from '../organism/index.js';

/** An instruction of the system prompt in one round of one arm. */
export interface InstructionState {
  /** As it stands in the system prompt. */
  readonly text: string;
  readonly kept: boolean;
  /** The question on a branch that showed the loss; null when the answer itself does, or nothing was lost. */
  readonly probe: { readonly question: string; readonly answer: string } | null;
}

export interface DialogueSide {
  readonly answer: string;
  /** Of the system prompt, in this answer. */
  readonly share: Share;
  readonly instructions: readonly InstructionState[];
}

/** A round of a dialogue that was answered twice. */
export interface DialogueRound {
  readonly number: number;
  readonly user: string;
  readonly off: DialogueSide;
  readonly held: DialogueSide;
}

export function dialogueRound(
  grammar: Grammar,
  trial: Trial,
  records: { readonly off: RoundRecord; readonly held: RoundRecord },
): DialogueRound {
  const number = records.off.round;
  return {
    number,
    user: trial.rounds[number - 1]!.user,
    off: sideOf(grammar, trial, records.off),
    held: sideOf(grammar, trial, records.held),
  };
}

/** Whether an instruction was lost. */
export function isLost({ instructions }: DialogueSide): boolean {
  return instructions.some(({ kept }) => !kept);
}

function sideOf(grammar: Grammar, trial: Trial, record: RoundRecord): DialogueSide {
  const { answer, share } = record;
  return {
    answer,
    share,
    instructions: trial.instructions.map((instruction) => stateOf(grammar, trial, record, instruction)),
  };
}

function stateOf(
  grammar: Grammar,
  { system, rounds }: Trial,
  { round, followed, probes }: RoundRecord,
  instruction: Instruction,
): InstructionState {
  const { family } = instruction;
  const inAnswer = followed.find((score) => score.family === family)?.score ?? 1;
  const onBranch = probes.find((probe) => probe.family === family)!;
  const asked = rounds[round - 1]!.probes.find(({ instructions }) => instructions.includes(instruction))!;
  return {
    text: saidText(grammar, system, instruction),
    kept: inAnswer === 1 && onBranch.score === 1,
    probe: inAnswer === 1 && onBranch.score !== 1 ? { question: asked.user, answer: onBranch.answer } : null,
  };
}

/** The words of the system prompt for an instruction: the one form of its family that is in there. */
function saidText({ families }: Grammar, system: string, { family, slots }: Instruction): string {
  const forms = families[family]!.instructions.map((form) =>
    form.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot]!),
  );
  return forms.find((form) => system.includes(form))!;
}
