import type { Grammar } from './grammar.js';
import { occurrences, patternOf, valueSplitter } from './patterns.js';
import type { Round } from './rounds.js';
import { contentOf } from './words.js';

/** How well an answer addresses the question, regardless of the instructions. */
export interface Ability {
  /** 1 if the answer is about the topic of the question. */
  readonly topic: 0 | 1;
  /** 1 if it also uses the user's values: the same city, the same dish. */
  readonly slots: 0 | 1;
  /** 1 if the model ended its turn itself and the answer consists of the language's sentences plus added words. */
  readonly wellFormed: 0 | 1;
}

/** The most words that three instructions can add: two ("with amber"), one and one. An interjection is one word. */
const ADDED_WORDS = 4;

/**
 * Judges an answer to a question about a topic; returns null for other rounds. Ignores the effects of instructions:
 * capitals, dashes, the JSON wrapper and added words.
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

/** Returns the templates of all the assistant's sentences. */
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
 * Returns the number of words that sentences cover. Places the longest sentence first, without overlaps, and each
 * sentence once, so that an answer that repeats itself is not well formed.
 * @param sentences the places where each sentence occurs
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

/** Returns the number of words of a sentence, which is the same in all its places. */
function lengthOf([place]: readonly Place[]): number {
  return place!.end - place!.start;
}
