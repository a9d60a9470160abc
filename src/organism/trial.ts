import { HoldfastError } from '../errors.js';
import { Chance } from './chance.js';
import type { Grammar } from './grammar.js';
import {
  drawInstruction,
  fits,
  type Instruction,
  isHeldOut,
  sharesValue,
  systemText,
} from './instructions.js';
import { anyRound, probeRound, type Round } from './rounds.js';
import { answerText, drawStyle, userText } from './shape.js';

/** A question whose answer shows whether instructions are still followed. */
export interface TrialProbe {
  readonly round: Round;
  /** The question in the user's style. */
  readonly user: string;
  /** An answer that follows the whole prompt. */
  readonly reference: string;
  /** The instructions that the answer is judged by. */
  readonly instructions: readonly Instruction[];
}

/** One round of a trial, with a reference answer. */
export interface TrialRound {
  readonly round: Round;
  readonly user: string;
  readonly reference: string;
  /** Probes to ask after this round, each as if it were the next message. */
  readonly probes: readonly TrialProbe[];
}

/** A test dialogue: the user messages are fixed, the model answers. */
export interface Trial {
  readonly index: number;
  readonly system: string;
  readonly instructions: readonly Instruction[];
  /** The user's style; null for plain text. */
  readonly style: Instruction | null;
  readonly rounds: readonly TrialRound[];
}

/** First seeds of trials and of bare trials, far from the seeds of training. */
const TRIAL_SEEDS = 2 ** 51;
const BARE_TRIAL_SEEDS = 2 ** 51 + 2 ** 40;
/** Draws of parameters for a pair of families before trying another second family. */
const PAIR_DRAWS = 200;

/**
 * Draws a trial of two instructions whose combination occurs in no training dialogue. It depends only on the index; its
 * first rounds do not depend on the number of rounds. Successive indices take the families in turn.
 */
export function drawTrial(grammar: Grammar, index: number, rounds: number): Trial {
  const chance = new Chance(TRIAL_SEEDS + index);
  return drawWith(grammar, chance, index, drawHeldOutPair(grammar, chance, index), rounds);
}

/** Draws a trial without instructions or probes. It shows what a policy costs when there is nothing to hold. */
export function drawBareTrial(grammar: Grammar, index: number, rounds: number): Trial {
  return drawWith(grammar, new Chance(BARE_TRIAL_SEEDS + index), index, [], rounds);
}

/** Returns the next trial, of one round, whose instructions share no family and no value with those of this one. */
export function unrelatedTrial(grammar: Grammar, { index, instructions }: Trial): Trial {
  for (let next = index + 1; ; next++) {
    const trial = drawTrial(grammar, next, 1);
    const isRelated = trial.instructions.some(
      (other) =>
        instructions.some(({ family }) => family === other.family) || sharesValue(other, instructions),
    );
    if (!isRelated) return trial;
  }
}

function drawWith(
  grammar: Grammar,
  chance: Chance,
  index: number,
  instructions: readonly Instruction[],
  count: number,
): Trial {
  const system = systemText(grammar, chance, instructions);
  const style = drawStyle(grammar, chance, instructions);
  const exchange = (round: Round): Pick<TrialRound, 'round' | 'user' | 'reference'> => ({
    round,
    user: userText(grammar, chance, style, round.user),
    reference: answerText(grammar, chance, instructions, round),
  });
  const sharing = probeGroups(grammar, instructions);
  const rounds = Array.from({ length: count }, () => ({
    ...exchange(anyRound(grammar, chance, instructions)),
    probes: sharing.map((group) => ({
      ...exchange(probeRound(grammar, chance, group[0]!)),
      instructions: group,
    })),
  }));
  return { index, system, instructions, style, rounds };
}

/** Groups the instructions by probe: one for all that show in every answer, and one for each of the others. */
function probeGroups(grammar: Grammar, instructions: readonly Instruction[]): Instruction[][] {
  const isAlways = ({ family }: Instruction): boolean => grammar.families[family]!.shown === 'always';
  const always = instructions.filter(isAlways);
  const others = instructions.filter((instruction) => !isAlways(instruction)).map((other) => [other]);
  return always.length === 0 ? others : [always, ...others];
}

/** Returns the families, alternating between those that show in every answer and the others. */
function familiesInOrder({ families }: Grammar): string[] {
  const names = Object.keys(families);
  const always = names.filter((name) => families[name]!.shown === 'always');
  const others = names.filter((name) => families[name]!.shown !== 'always');
  return names.flatMap((_, index) => [others[index], always[index]].filter((name) => name !== undefined));
}

/** Draws a held-out pair. The index gives the first family; the second is the next one that makes a held-out pair. */
function drawHeldOutPair(grammar: Grammar, chance: Chance, index: number): [Instruction, Instruction] {
  const names = familiesInOrder(grammar);
  const first = names[index % names.length]!;
  const offset = index + 1 + Math.floor(index / names.length);
  for (let step = 0; step < names.length; step++) {
    const second = names[(offset + step) % names.length]!;
    for (let draw = 0; draw < PAIR_DRAWS; draw++) {
      const a = drawInstruction(grammar, chance, first);
      const b = drawInstruction(grammar, chance, second);
      if (fits(grammar, b, [a]) && isHeldOut(grammar, [a, b])) return [a, b];
    }
  }
  throw new HoldfastError('E_CONFIG', `no held-out pair of instructions for the family: ${first}`, {
    field: 'heldOut.oneIn',
  });
}
