import type { Grammar } from './grammar.js';
import { literalsAndSlots, type Slots } from './template.js';
import { wordsOf } from './words.js';

/** A template as a list of words: each is a fixed word, or a slot that matches any word. */
export type Pattern = readonly ({ readonly word: string } | { readonly slot: string })[];

/** A match of a pattern: the words `[start, end)`, and the words that its slots match. */
export interface Occurrence {
  readonly start: number;
  readonly end: number;
  readonly slots: Readonly<Slots>;
}

/** Returns a function that splits a text as {@link wordsOf} does, but keeps values of several words ("by my beard") whole. */
export function valueSplitter({ values }: Grammar): (text: string) => string[] {
  const lists = Object.values(values).flatMap((list) =>
    Array.isArray(list) ? [list] : Object.values(list.lists),
  );
  const long = lists
    .flat()
    .map((value) => wordsOf(value).join(' '))
    .filter((value) => value.includes(' '));
  const word = new RegExp([...long.map((value) => `${value}(?![a-z0-9])`), '[a-z0-9]+'].join('|'), 'g');
  return (text) => text.toLowerCase().match(word) ?? [];
}

/** Returns the pattern of a template. `split` splits a text into words. */
export function patternOf(template: string, split: (text: string) => string[]): Pattern {
  return literalsAndSlots(template).flatMap((part, index): Pattern => {
    const isSlot = index % 2 === 1;
    return isSlot ? [{ slot: part }] : split(part).map((word) => ({ word }));
  });
}

/** Returns all matches of a pattern, left to right. */
export function occurrences(pattern: Pattern, words: readonly string[]): Occurrence[] {
  const found: Occurrence[] = [];
  for (let start = 0; start + pattern.length <= words.length; start++) {
    const slots: Slots = {};
    const stands = pattern.every((part, index) => {
      const word = words[start + index]!;
      if ('word' in part) return part.word === word;
      slots[part.slot] = word;
      return true;
    });
    if (stands) found.push({ start, end: start + pattern.length, slots });
  }
  return found;
}
