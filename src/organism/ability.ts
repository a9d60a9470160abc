import type { Grammar } from './grammar.js';
import { occurrences, patternOf, valueSplitter } from './patterns.js';
import type { Round } from './rounds.js';
import { contentOf } from './words.js';

/** What an answer shows of the skill to speak to the point, apart from what its instructions ask for. */
export interface Ability {
  /** It says something of the topic that it was asked about, */
  readonly topic: 0 | 1;
  /** with what the user's message gave: the same city, the same dish. */
  readonly slots: 0 | 1;
  /** It came to its end by itself, and is made of sentences of the language but for what instructions add. */
  readonly wellFormed: 0 | 1;
}

/** Words that three instructions add at most: two ("with amber"), and one each; an interjection counts as one. */
const ADDED_WORDS = 4;

/**
 * Judges an answer to a question on a topic; null for other rounds. What instructions do to an answer, its capitals,
 * dashes, wrapper and added words, makes no difference.
 * @param finished whether the model ended its turn itself
 */
export function judgeAbility(
  grammar: Grammar,
  round: Round,
  answer: string,
  finished: boolean,
): Ability | null {
  if (round.kind !== 'topic') return null;
  const split = valueSplitter(grammar);
  const words = split(contentOf(grammar, answer));
  const found = (template: string) => occurrences(patternOf(template, split), words);

  const own = grammar.topics[round.topic!]!.answers.flatMap(found);
  const asGiven = own.some(({ slots }) =>
    Object.entries(slots).every(([slot, word]) => (round.slots[slot] ?? word).toLowerCase() === word),
  );

  const sentences = sentenceTemplates(grammar).map(found);
  const left = words.length - coveredWords(sentences);
  const wellFormed = finished && left < words.length && left <= ADDED_WORDS;
  return { topic: own.length > 0 ? 1 : 0, slots: asGiven ? 1 : 0, wellFormed: wellFormed ? 1 : 0 };
}

/** All that the assistant's sentences are made from. */
function sentenceTemplates({ topics, asks, closings, families }: Grammar): string[] {
  return [
    ...Object.values(topics).flatMap(({ answers, details }) => [...answers, ...details]),
    ...Object.values(asks).flatMap(({ unknown, replies }) => [unknown, ...replies]),
    ...closings,
    ...Object.values(families).flatMap(({ answer }) => answer ?? []),
  ];
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * How many words sentences cover, the longest taken first, none over another, and each once: who says the same again
 * and again is not well-formed.
 * @param sentences the places where each sentence stands
 */
function coveredWords(sentences: readonly (readonly Place[])[]): number {
  const longestFirst = sentences
    .filter((places) => places.length > 0)
    .sort((a, b) => lengthOf(b) - lengthOf(a));
  const taken: Place[] = [];
  for (const places of longestFirst) {
    const free = places.find(({ start, end }) =>
      taken.every((other) => end <= other.start || start >= other.end),
    );
    if (free !== undefined) taken.push(free);
  }
  return taken.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Words of a sentence, the same in all its places. */
function lengthOf([place]: readonly Place[]): number {
  return place!.end - place!.start;
}
