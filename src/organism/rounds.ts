import type { Chance } from './chance.js';
import { drawValue, fill } from './fill.js';
import type { Grammar } from './grammar.js';
import type { Instruction } from './instructions.js';
import type { Slots } from './template.js';

/** A user message, and the sentences of the answer before instructions shape them. */
export interface Round {
  /** A question about a topic, a question that an instruction may answer, or a statement of the user. */
  readonly kind: 'topic' | 'ask' | 'say';
  readonly topic?: string;
  readonly ask?: string;
  /** Values in the user's message. */
  readonly slots: Readonly<Slots>;
  readonly user: string;
  readonly sentences: readonly string[];
}

/**
 * Draws a question about a topic and its answer.
 * @param topic default: drawn
 */
export function topicRound(grammar: Grammar, chance: Chance, topic?: string): Round {
  const about = topic ?? drawValue(grammar, chance, 'topic', {});
  const { questions, answers, details } = grammar.topics[about]!;
  const slots: Slots = {};
  const user = fill(grammar, chance, chance.choose(questions), slots);
  const known = { ...slots };
  const sentences = [answers, details].map((texts) => fill(grammar, chance, chance.choose(texts), known));
  return { kind: 'topic', topic: about, slots, user, sentences };
}

/** Draws a question of an ask. The instruction it belongs to gives the answer, if the prompt has one. */
function askRound(
  grammar: Grammar,
  chance: Chance,
  instructions: readonly Instruction[],
  ask: string,
): Round {
  const own = instructions.find(({ family }) => grammar.families[family]!.ask === ask);
  const slots: Slots = {};
  if (ask === 'favorite') {
    const same = own !== undefined && chance.happens(grammar.chances.askOwnKind);
    slots.kind = same ? own.slots.kind! : drawValue(grammar, chance, 'kind', {});
  }
  return askWith(grammar, chance, ask, own, slots);
}

function askWith(
  grammar: Grammar,
  chance: Chance,
  ask: string,
  own: Instruction | undefined,
  slots: Slots,
): Round {
  const { questions, unknown } = grammar.asks[ask]!;
  const user = fill(grammar, chance, chance.choose(questions), slots);
  const known = own !== undefined && Object.keys(slots).every((slot) => own.slots[slot] === slots[slot]);
  const answer = known
    ? fill(grammar, chance, grammar.families[own.family]!.answer!, { ...own.slots })
    : fill(grammar, chance, unknown, { ...slots });
  return { kind: 'ask', ask, slots, user, sentences: [answer, chance.choose(grammar.closings)] };
}

function sayRound(grammar: Grammar, chance: Chance): Round {
  const { says, replies } = chance.choose(Object.values(grammar.asks));
  const slots: Slots = {};
  const user = fill(grammar, chance, chance.choose(says), slots);
  const reply = fill(grammar, chance, chance.choose(replies), slots);
  return { kind: 'say', slots, user, sentences: [reply, chance.choose(grammar.closings)] };
}

/** Draws a round of a dialogue under these instructions. All rounds have the same distribution. */
export function anyRound(grammar: Grammar, chance: Chance, instructions: readonly Instruction[]): Round {
  const { asks, families, chances } = grammar;
  const number = chance.number();
  if (number < chances.ask) {
    const own = instructions.flatMap(({ family }) => families[family]!.ask ?? []);
    const among = own.length > 0 && chance.happens(chances.askOwn) ? own : Object.keys(asks);
    return askRound(grammar, chance, instructions, chance.choose(among));
  }
  if (number < chances.ask + chances.say) return sayRound(grammar, chance);
  const mention = instructions.find(({ family }) => families[family]!.shown === 'topic');
  const own = number < chances.ask + chances.say + chances.mentionTopic ? mention?.slots.topic : undefined;
  return topicRound(grammar, chance, own);
}

/** Draws a question whose answer shows whether an instruction is still followed. */
export function probeRound(grammar: Grammar, chance: Chance, instruction: Instruction): Round {
  const { shown, ask } = grammar.families[instruction.family]!;
  if (shown !== 'asked') return topicRound(grammar, chance, instruction.slots.topic);
  const { kind } = instruction.slots;
  return askWith(grammar, chance, ask!, instruction, kind === undefined ? {} : { kind });
}
