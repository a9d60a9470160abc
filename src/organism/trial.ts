import { HoldfastError } from '../errors.js';
import { Chance } from './chance.js';
import type { Grammar } from './grammar.js';
import { drawInstruction, fits, type Instruction, isHeldOut, systemText } from './instructions.js';
import { anyRound, probeRound, type Round } from './rounds.js';
import { answerText, drawStyle, userText } from './shape.js';

/** A question that shows whether instructions are still followed. */
export interface Probe {
  readonly round: Round;
  /** The question in the user's style. */
  readonly user: string;
  /** An answer that does all that the prompt says. */
  readonly reference: string;
  /** Those that the answer is judged by. */
  readonly instructions: readonly Instruction[];
}

export interface TrialRound {
  readonly round: Round;
  readonly user: string;
  readonly reference: string;
  /** To be asked after this round, each as if it were the next. */
  readonly probes: readonly Probe[];
}

/** A fresh test dialogue: what the user says is fixed, the answers are up to the model. */
export interface Trial {
  readonly index: number;
  readonly system: string;
  readonly instructions: readonly Instruction[];
  /** How the user writes; null for plainly. */
  readonly style: Instruction | null;
  readonly rounds: readonly TrialRound[];
}

/** Seeds of trials and of bare trials begin here: far from those of training. */
const TRIAL_SEEDS = 2 ** 51;
const BARE_TRIAL_SEEDS = 2 ** 51 + 2 ** 40;
/** How often the parameters of two families are drawn before another second family is tried. */
const PAIR_DRAWS = 200;

/**
 * A trial of two instructions whose combination no training dialogue had. It depends on the index alone, and its first
 * rounds not on how many there are. The indices go through the families, one after the other.
 */
export function drawTrial(grammar: Grammar, index: number, rounds: number): Trial {
  const chance = new Chance(TRIAL_SEEDS + index);
  return drawWith(grammar, chance, index, drawHeldOutPair(grammar, chance, index), rounds);
}

/** A trial without instructions, and so without probes: what a policy costs where there is nothing to hold. */
export function drawBareTrial(grammar: Grammar, index: number, rounds: number): Trial {
  return drawWith(grammar, new Chance(BARE_TRIAL_SEEDS + index), index, [], rounds);
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

/** The instructions that one question shows: those that show in every answer together, each other one by itself. */
function probeGroups(grammar: Grammar, instructions: readonly Instruction[]): Instruction[][] {
  const isAlways = ({ family }: Instruction): boolean => grammar.families[family]!.shown === 'always';
  const always = instructions.filter(isAlways);
  const others = instructions.filter((instruction) => !isAlways(instruction)).map((other) => [other]);
  return always.length === 0 ? others : [always, ...others];
}

/** Families that show in every answer and those that do not take turns, so that neighbours are of both kinds. */
function familiesInOrder({ families }: Grammar): string[] {
  const names = Object.keys(families);
  const always = names.filter((name) => families[name]!.shown === 'always');
  const others = names.filter((name) => families[name]!.shown !== 'always');
  return names.flatMap((_, index) => [others[index], always[index]].filter((name) => name !== undefined));
}

/** The first family goes by the index, the second is the next one with which it makes a pair that is held out. */
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
  throw new HoldfastError('E_CONFIG', `no pair of instructions with ${first} is held out of training`, {
    field: 'heldOut.oneIn',
  });
}
