import { boundedLength, countCharacters, countObject, countSteps } from './limits.js';

/**
 * A range of a string, in UTF-16 units, whose characters come from a message's content. It is empty where an empty
 * content is, or an empty part of a content.
 */
export interface Origin {
  readonly start: number;
  readonly end: number;
  /** The index of the message, or of another source of words that the caller has numbered. */
  readonly message: number;
}

const NO_ORIGINS: readonly Origin[] = [];
/** Places of characters that are kept in one step. */
const STARTS_A_STEP = 4;
const SURROGATE = /[\ud800-\udfff]/;

/** A Python string that knows which of its characters come from which message. */
export class Str {
  #offsets: readonly number[] | null | undefined;

  constructor(
    readonly text: string,
    /** Ascending and disjoint. */
    readonly origins: readonly Origin[] = NO_ORIGINS,
    /** Whether this is a `Markup` of Python's markupsafe: the result of `safe` and `escape`. */
    readonly isMarkup = false,
  ) {
    countObject();
  }

  /** The number of code points. */
  get length(): number {
    return this.#starts()?.length ?? this.text.length;
  }

  /** Returns the position in UTF-16 units of a code point, by its index. */
  unitOf(index: number): number {
    const starts = this.#starts();
    return starts === null ? index : (starts[index] ?? this.text.length);
  }

  /** Returns the index of the code point at a position in UTF-16 units. */
  indexOf(unit: number): number {
    const starts = this.#starts();
    if (starts === null) return unit;
    const index = starts.findIndex((start) => start >= unit);
    return index < 0 ? starts.length : index;
  }

  /** Returns the part between two positions in UTF-16 units. */
  slice(start: number, end = this.text.length): Str {
    if (start <= 0 && end >= this.text.length) return this;
    if (this.origins.length === 0) return new Str(this.text.slice(start, end), NO_ORIGINS, this.isMarkup);
    return new StrBuilder().addPart(this, start, end).build(this.isMarkup);
  }

  /** Returns this string, marked as `Markup` or not. */
  marked(isMarkup: boolean): Str {
    return this.isMarkup === isMarkup ? this : new Str(this.text, this.origins, isMarkup);
  }

  /** Returns the code points, each as a string. */
  *characters(): Generator<Str, void, undefined> {
    let at = 0;
    for (const character of this.text) {
      countSteps(1);
      const end = at + character.length;
      yield this.origins.length === 0 ? new Str(character) : this.slice(at, end).marked(false);
      at = end;
    }
  }

  /** The start of each code point; null if each is one unit long. */
  #starts(): readonly number[] | null {
    if (this.#offsets === undefined) {
      this.#offsets = null;
      countCharacters(this.text.length);
      if (SURROGATE.test(this.text)) {
        countSteps(Math.floor(this.text.length / STARTS_A_STEP));
        const starts: number[] = [];
        let at = 0;
        for (const character of this.text) {
          starts.push(at);
          at += character.length;
        }
        this.#offsets = starts;
      }
    }
    return this.#offsets;
  }
}

/** The empty string. */
export const EMPTY = new Str('');

/** Builds a string from parts, and keeps the origins of their characters. */
export class StrBuilder {
  readonly #origins: Origin[] = [];
  #text = '';

  get length(): number {
    return this.#text.length;
  }

  /** Adds text of the template's own. */
  addText(text: string): this {
    this.#append(text);
    return this;
  }

  add(part: Str): this {
    countSteps(1 + part.origins.length);
    const at = this.#text.length;
    this.#append(part.text);
    for (const { start, end, message } of part.origins) this.#mark(at + start, at + end, message);
    return this;
  }

  /** Adds a part of a string, given by two positions in UTF-16 units. */
  addPart(source: Str, start: number, end: number): this {
    countSteps(1);
    const shift = this.#text.length - start;
    this.#append(source.text.slice(start, end));
    const { origins } = source;
    for (let i = firstEndingFrom(origins, start); i < origins.length && origins[i]!.start <= end; i++) {
      const origin = origins[i]!;
      const from = Math.max(origin.start, start);
      const to = Math.min(origin.end, end);
      const isEmptyPart = from === to && (start === end || origin.start === origin.end);
      countSteps(1);
      if (from < to || isEmptyPart) this.#mark(from + shift, to + shift, origin.message);
    }
    return this;
  }

  /**
   * Adds what is written in place of a part of a string. If the part has characters of a message, the replacement is that
   * message's, except for characters that come from a message themselves.
   */
  addInstead(replacement: Str, source: Str, start: number, end: number): this {
    countSteps(1);
    const owner = source.origins[firstEndingFrom(source.origins, start + 1)];
    if (owner === undefined || owner.start >= end) return this.add(replacement);
    countSteps(replacement.origins.length);
    let at = 0;
    for (const origin of replacement.origins) {
      this.#addOwned(replacement.text.slice(at, origin.start), owner.message);
      this.#addOwned(replacement.text.slice(origin.start, origin.end), origin.message);
      at = origin.end;
    }
    this.#addOwned(replacement.text.slice(at), owner.message);
    return this;
  }

  build(isMarkup = false): Str {
    countCharacters(this.#text.length);
    // A copy, because an array that grew keeps room for more: 136 bytes behind a single origin.
    return new Str(this.#text, this.#origins.slice(), isMarkup);
  }

  #addOwned(text: string, message: number): void {
    if (text !== '') this.#mark(this.#text.length, this.#text.length + text.length, message);
    this.#append(text);
  }

  #append(text: string): void {
    boundedLength(this.#text.length + text.length);
    this.#text += text;
  }

  #mark(start: number, end: number, message: number): void {
    const last = this.#origins.at(-1);
    if (last !== undefined && last.end === start && last.message === message) {
      this.#origins[this.#origins.length - 1] = { start: last.start, end, message };
    } else this.#origins.push({ start, end, message });
  }
}

/** Returns the index of the first origin that ends at a position or after it. A search in halves: there may be many. */
function firstEndingFrom(origins: readonly Origin[], unit: number): number {
  let [low, high] = [0, origins.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (origins[middle]!.end < unit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns strings one after the other, with a separator between them. */
export function joined(parts: Iterable<Str>, separator: Str = EMPTY): StrBuilder {
  const builder = new StrBuilder();
  let isFirst = true;
  for (const part of parts) {
    if (!isFirst) builder.add(separator);
    isFirst = false;
    builder.add(part);
  }
  return builder;
}

/** Returns a string repeated; an empty string for a count of 0 or less. */
export function repeated(text: Str, count: number): Str {
  countCharacters(boundedLength(text.text.length * Math.max(0, count)));
  if (text.origins.length === 0) return new Str(text.text.repeat(Math.max(0, count)), [], text.isMarkup);
  const builder = new StrBuilder();
  for (let i = 0; i < count; i++) builder.add(text);
  return builder.build(text.isMarkup);
}
