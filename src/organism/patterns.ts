import type { Grammar } from './grammar.js';
import { literalsAndSlots, type Slots } from './template.js';
import { wordsOf } from './words.js';

/** A template as words: each is given, or any word in a slot. */
export type Pattern = readonly ({ readonly word: string } | { readonly slot: string })[];

/** Where a pattern stands in words, `[start, end)`, and what its slots hold there. */
export interface Occurrence {
  readonly start: number;
  readonly end: number;
  readonly slots: Readonly<Slots>;
}

/** Splits a text into its words as {@link wordsOf} does, but keeps a value of several words ("by my beard") as one. */
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

export function patternOf(template: string, split: (text: string) => string[]): Pattern {
  return literalsAndSlots(template).flatMap((part, index): Pattern => {
    const isSlot = index % 2 === 1;
    return isSlot ? [{ slot: part }] : split(part).map((word) => ({ word }));
  });
}

/** All places where the words of a pattern stand, one behind the other. */
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
