import type { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { HoldfastError } from '../errors.js';
import { type AddedToken, type Admits, type CharRange, createSplitter } from './added-tokens.js';
import { bytesOfToken, type TokenWriting, writtenLength } from './decoder.js';
import type { EncodedText } from './encoded-text.js';

/** A stretch of text whose tokens are known: their ids, and how long each is in written bytes. */
interface Section extends CharRange {
  /** Index of its first token. */
  readonly first: number;
  /** `[tokens]`: where each token ends, in written bytes from the section's begin; null when that is unknown. */
  readonly ends: readonly number[] | null;
  /** Where a position inside the text lies, in written bytes from the section's begin. */
  readonly place: (at: number) => number;
}

/** A token of ordinary text, and how many bytes it writes. */
interface Word {
  readonly id: number;
  readonly length: number;
}

interface Vocabulary {
  readonly addedTokens: readonly AddedToken[];
  readonly writing: TokenWriting;
  /** Ids that no ordinary text may turn into. */
  readonly special: ReadonlySet<number>;
  readonly unkId: number | null;
  readonly name: string;
}

/**
 * An encoder around the library's normaliser, pre-tokeniser and merging. It finds added tokens itself, since the
 * library finds them everywhere and knows no range of text that is not to be trusted, and tells no positions.
 */
export function createEncoder(library: LibraryTokenizer, vocabulary: Vocabulary) {
  const { addedTokens, writing, special, unkId, name } = vocabulary;
  const { normalizer, pre_tokenizer: preTokenizer, model } = library;
  if (model === null) throw new HoldfastError('E_TOKENIZER', 'the tokenizer has no model', { file: name });
  const normalize = (text: string): string => (normalizer === null ? text : normalizer.normalize(text));

  const inNormalized = addedTokens.filter((token) => token.normalized && normalizer !== null);
  const splitRaw = createSplitter(addedTokens.filter((token) => !inNormalized.includes(token)));
  const splitNormalized = createSplitter(inNormalized, (token) => normalize(token.content));

  /** Ids of text without added tokens, with their written lengths. */
  const encodeWords = (text: string, isFirst: boolean): readonly Word[] => {
    // The library's prepend scheme `first` asks for the index of the section.
    const options = { section_index: isFirst ? 0 : 1 };
    const words = preTokenizer === null ? [text] : preTokenizer.pre_tokenize(text, options);
    return model._call(words).map((token: string) => {
      const id = model.tokens_to_ids.get(token) ?? unkId;
      if (id === null || (special.has(id) && id !== unkId)) {
        throw new HoldfastError(
          'E_TOKENIZER',
          `text became the token ${JSON.stringify(token)}, which no text may be`,
          {
            file: name,
          },
        );
      }
      return { id, length: bytesOfToken(token, writing).length };
    });
  };
  // A dialogue is laid out anew with every message that it grows by, and most of its pieces are those of the last time.
  const firstWords = memoised((text) => encodeWords(text, true));
  const laterWords = memoised((text) => encodeWords(text, false));

  return (
    text: string,
    { plain, guarded }: { readonly plain: readonly CharRange[]; readonly guarded: ReadonlySet<number> },
  ): EncodedText => {
    const ids: number[] = [];
    const sections: Section[] = [];
    const admitsOutside =
      (ranges: readonly CharRange[]): Admits =>
      (token, start, end) =>
        !guarded.has(token.id) || ranges.every((range) => end <= range.start || range.end <= start);

    for (const segment of splitRaw(text, admitsOutside(plain))) {
      const { start, end, token, core } = segment;
      const first = ids.length;
      if (token !== null) {
        ids.push(token.id);
        // The whitespace it swallowed is written by no token: a border in it is a border of the token.
        const length = core.end - core.start;
        const place = (at: number): number => Math.max(0, Math.min(length, at - core.start));
        sections.push({ start, end, first, ends: [length], place });
        continue;
      }
      const raw = text.slice(start, end);
      const normal = normalize(raw);
      const placeOf = (at: number): number =>
        at <= start ? 0 : at >= end ? normal.length : normalize(text.slice(start, at)).length;
      const plainHere = plain.map((range) => ({ start: placeOf(range.start), end: placeOf(range.end) }));

      const lengths: number[] = [];
      let hasUnknown = false;
      for (const part of splitNormalized(normal, admitsOutside(plainHere))) {
        const piece = normal.slice(part.start, part.end);
        if (part.token !== null) {
          ids.push(part.token.id);
          lengths.push(writtenLength(piece, writing));
          continue;
        }
        const wordsOf = start === 0 && part.start === 0 ? firstWords : laterWords;
        for (const { id, length } of wordsOf(piece)) {
          ids.push(id);
          lengths.push(length);
          if (id === unkId) hasUnknown = true;
        }
      }
      // A pre-tokeniser may put one space before the text, which the normalised text does not have.
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const prefix = total - writtenLength(normal, writing);
      const known = !hasUnknown && (prefix === 0 || prefix === 1);
      sections.push({
        start,
        end,
        first,
        ends: known ? runningSums(lengths) : null,
        place: (at) => prefix + writtenLength(normal.slice(0, placeOf(at)), writing),
      });
    }

    const cut = (at: number): { before: number; after: number } => {
      const section = sections.find(({ start, end }) => start < at && at < end);
      if (section === undefined) {
        const next = sections.find(({ start }) => start >= at);
        const border = next === undefined ? ids.length : next.first;
        return { before: border, after: border };
      }
      if (section.ends === null) {
        throw new HoldfastError(
          'E_SPANS',
          'the text holds characters that the tokenizer does not know, so where its tokens lie cannot be told',
          { file: name },
        );
      }
      const place = section.place(at);
      const before = section.ends.filter((end) => end <= place).length;
      const after = section.ends.findIndex((_, i, ends) => (ends[i - 1] ?? 0) >= place);
      return {
        before: section.first + before,
        after: section.first + (after < 0 ? section.ends.length : after),
      };
    };
    return { ids, cut };
  };
}

function runningSums(lengths: readonly number[]): number[] {
  const sums: number[] = [];
  for (const length of lengths) sums.push((sums.at(-1) ?? 0) + length);
  return sums;
}

/** Characters of text whose tokens are remembered: several long dialogues'. */
const REMEMBERED_CHARACTERS = 1 << 18;

/** A function of text that remembers what it said of the texts that it was asked for last. */
function memoised<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  let characters = 0;
  return (text) => {
    const value = known.get(text) ?? of(text);
    // The latest goes to the end, so that the first is the one that was not asked for longest.
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
