import { HoldfastError } from '../errors.js';
import { HALF_PAIR } from '../utf8.js';
import { type AddedToken, type Admits, type CharRange, createSplitter } from './added-tokens.js';
import { createBpe, type Word } from './bpe.js';
import type { EncodedText } from './encoded-text.js';
import { partitionPoint } from './partition-point.js';
import { createPreTokenizer, writesBytes } from './pre-tokenizers.js';
import type { TokenizerJson } from './tokenizer-json.js';

/** A stretch of the text, and its tokens. */
interface Section extends CharRange {
  /** Index of its first token. */
  readonly first: number;
  /** `[tokens]`: the end of each token, in written bytes from the start of the section; null if unknown. */
  readonly ends: readonly number[] | null;
  /** Converts a position in the text to written bytes from the start of the section. */
  readonly place: (at: number) => number;
}

interface Vocabulary {
  readonly normalize: (text: string) => string;
  readonly addedTokens: readonly AddedToken[];
  /** Ids that ordinary text must never be encoded as. */
  readonly forbidden: ReadonlySet<number>;
  readonly name: string;
}

/**
 * Creates an encoder: added tokens, normaliser, pre-tokenizer and merging, in the order of the Rust library. It throws
 * `E_USAGE` for a text with half of a surrogate pair, `E_TOKENIZER` for one that would become far longer, and what merging throws.
 */
export function createEncoder(json: TokenizerJson, { normalize, addedTokens, forbidden, name }: Vocabulary) {
  const preTokenizer = json.pre_tokenizer ?? null;
  const preTokenize = preTokenizer === null ? null : createPreTokenizer(preTokenizer, name);

  // In GPT-2's alphabet, each character of a piece stands for a byte.
  const isByteLevel = preTokenizer !== null && writesBytes(preTokenizer);
  const lengthOf = isByteLevel ? (): number => 1 : writtenLengthOf;
  const bpe = createBpe(json.model, { forbidden, lengthOf, name });
  const writtenLength = (text: string): number =>
    isByteLevel ? utf8.encode(text).length : Array.from(text, writtenLengthOf).reduce((a, b) => a + b, 0);

  const splitRaw = createSplitter(addedTokens.filter((token) => !token.normalized));
  const splitNormalized = createSplitter(
    addedTokens.filter((token) => token.normalized),
    (token) => normalize(token.content),
  );

  /** Returns the tokens of a text that contains no added tokens. */
  const encodeWords = (text: string, isFirst: boolean): readonly Word[] => {
    const piece = { text, isFirst };
    const pieces = preTokenize === null ? [piece] : preTokenize(piece);
    return pieces.flatMap((part) => bpe(part.text));
  };
  // A dialogue is laid out again for every new message, and most of its pieces have not changed.
  const firstWords = memoised((text) => encodeWords(text, true));
  const laterWords = memoised((text) => encodeWords(text, false));

  return (
    text: string,
    { plain, guarded }: { readonly plain: readonly CharRange[]; readonly guarded: ReadonlySet<number> },
  ): EncodedText => {
    const half = text.search(HALF_PAIR);
    if (half >= 0) {
      const what = `the text has half of a surrogate pair at index ${half}: ${JSON.stringify(text[half])}`;
      throw new HoldfastError('E_USAGE', what, {
        hint: 'Cut texts between characters, not inside them: no token stands for half a character',
      });
    }
    const ids: number[] = [];
    const sections: Section[] = [];
    const admitsOutside =
      (ranges: readonly CharRange[]): Admits =>
      (token, start, end) => {
        if (!guarded.has(token.id)) return true;
        const next = ranges[partitionPoint(ranges, (range) => range.end > start)];
        return next === undefined || end <= next.start;
      };

    for (const segment of splitRaw(text, admitsOutside(plain))) {
      const { start, end, token, core } = segment;
      const first = ids.length;
      if (token !== null) {
        ids.push(token.id);
        // No token stands for the whitespace it swallowed: a position in it is moved to the edge of the token.
        const length = core.end - core.start;
        const place = (at: number): number => Math.max(0, Math.min(length, at - core.start));
        sections.push({ start, end, first, ends: [length], place });
        continue;
      }
      const raw = text.slice(start, end);
      const normal = normalize(raw);
      const placeOf = (at: number): number =>
        at <= start ? 0 : at >= end ? normal.length : normalize(text.slice(start, at)).length;
      const plainHere = plain
        .slice(
          partitionPoint(plain, (range) => range.end > start),
          partitionPoint(plain, (range) => range.start >= end),
        )
        .map((range) => ({ start: placeOf(range.start), end: placeOf(range.end) }));

      const lengths: number[] = [];
      for (const part of splitNormalized(normal, admitsOutside(plainHere))) {
        const piece = normal.slice(part.start, part.end);
        if (part.token !== null) {
          ids.push(part.token.id);
          lengths.push(writtenLength(piece));
          continue;
        }
        const wordsOf = start === 0 && part.start === 0 ? firstWords : laterWords;
        for (const { id, length } of wordsOf(piece)) {
          ids.push(id);
          lengths.push(length);
        }
      }
      // A pre-tokenizer may put one space before the text that the normalised text does not have.
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const prefix = total - writtenLength(normal);
      const known = prefix === 0 || prefix === 1;
      sections.push({
        start,
        end,
        first,
        ends: known ? runningSums(lengths) : null,
        place: (at) => prefix + writtenLength(normal.slice(0, placeOf(at))),
      });
    }

    const cut = (at: number): { before: number; after: number } => {
      const section = sections[partitionPoint(sections, ({ end }) => end > at)];
      if (section === undefined || section.start >= at) {
        const border = section?.first ?? ids.length;
        return { before: border, after: border };
      }
      if (section.ends === null) {
        throw new HoldfastError(
          'E_SPANS',
          'the tokenizer leaves out or adds characters of the text, so the positions of its tokens are unknown',
          { file: name },
        );
      }
      const place = section.place(at);
      const { first, ends } = section;
      const before = partitionPoint(ends, (end) => end > place);
      const reached = place <= 0 ? 0 : 1 + partitionPoint(ends, (end) => end >= place);
      return { before: first + before, after: first + Math.min(reached, ends.length) };
    };
    return { ids, cut };
  };
}

const utf8 = new TextEncoder();

/** Returns the length of a character in the UTF-8 bytes that tokens stand for. U+2581 stands for a space. */
function writtenLengthOf(character: string): number {
  const point = character.codePointAt(0)!;
  if (point < 0x80 || point === 0x2581) return 1;
  return point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

function runningSums(lengths: readonly number[]): number[] {
  const sums: number[] = [];
  for (const length of lengths) sums.push((sums.at(-1) ?? 0) + length);
  return sums;
}

/** Characters of text whose tokens are cached: enough for several long dialogues. */
const REMEMBERED_CHARACTERS = 1 << 18;

/** Caches a function of text, dropping the least recently used texts beyond {@link REMEMBERED_CHARACTERS}. */
function memoised<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  let characters = 0;
  return (text) => {
    const value = known.get(text) ?? of(text);
    // Move the latest text to the end, so that the first is the least recently used.
    characters += known.delete(text) ? 0 : text.length;
    known.set(text, value);
    for (const oldest of known.keys()) {
      if (characters <= REMEMBERED_CHARACTERS) break;
      known.delete(oldest);
      characters -= oldest.length;
    }
    return value;
  };
}
