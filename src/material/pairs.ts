import { folded, placesOf, wordsIn } from './words.js';

/** A thing that a prompt names, and what it says of it. */
interface Pair {
  /** Texts that name the thing. */
  readonly key: readonly string[];
  readonly value: readonly string[];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The spans of a pair's texts in an answer. */
interface Found {
  readonly keys: readonly Span[];
  readonly values: readonly Span[];
}

/** Words that a mark between key and value is worth. */
const MARK = 3;

/** Returns whether no value of an answer stands with another pair's key (see the rule `pairs`). */
export function keepsPairs(pairs: readonly Pair[], answer: string): boolean {
  const text = folded(answer, false);
  const spans = (texts: readonly string[]): Span[] =>
    texts
      .flatMap((wanted) =>
        placesOf(text, wanted, false).map((from) => ({ from, to: from + folded(wanted, false).length })),
      )
      .sort((a, b) => a.from - b.from);
  const found = pairs.map(({ key, value }): Found => ({ keys: spans(key), values: spans(value) }));
  return found.every((one, at) => found.slice(at + 1).every((other) => !areSwapped(text, one, other)));
}

/** Returns whether two pairs fit the answer better with their values swapped. */
function areSwapped(text: string, one: Found, other: Found): boolean {
  const nearest = (values: readonly Span[], keys: readonly Span[]): number =>
    values.reduce((least, value) => Math.min(least, distanceTo(text, value, keys)), Number.POSITIVE_INFINITY);
  // A pair without a value or a key in the answer says nothing of how they belong together.
  const sum = (...distances: readonly number[]): number =>
    distances.filter(Number.isFinite).reduce((total, each) => total + each, 0);
  const own = sum(nearest(one.values, one.keys), nearest(other.values, other.keys));
  const swapped = sum(nearest(one.values, other.keys), nearest(other.values, one.keys));
  if (one.values.length === 0 || other.values.length === 0) {
    const [lone, rival] = one.values.length > 0 ? [one, other] : [other, one];
    return nearest(lone.values, rival.keys) < nearest(lone.values, lone.keys);
  }
  if (own !== swapped || one.keys.length === 0 || other.keys.length === 0) return swapped < own;
  // `Seat and coach are 47 and 3`: both distances are the same, and the order decides.
  return one.values[0]!.from < other.values[0]!.from !== one.keys[0]!.from < other.keys[0]!.from;
}

/** Returns the distance of a value to the nearest key: the last one before it or the first one after. */
function distanceTo(text: string, value: Span, keys: readonly Span[]): number {
  const before = keys.findLast(({ from }) => from <= value.from);
  const after = keys.find(({ from }) => from > value.from);
  return [before, after].reduce(
    (least, key) => (key === undefined ? least : Math.min(least, distance(text, value, key))),
    Number.POSITIVE_INFINITY,
  );
}

/** Returns the words from a key to a value. After the key a value is nearer than before it; marks keep them apart. */
function distance(text: string, value: Span, key: Span): number {
  const isAfter = value.from >= key.from;
  const between = isAfter ? text.slice(key.to, value.from) : text.slice(value.to, key.from);
  const marks = between.match(/[,;.!?(（、。]/gu)?.length ?? 0;
  return wordsIn(between).length + 1 + MARK * marks - (isAfter ? 0.5 : 0);
}
