import { byteLevelText } from './byte-level.js';
import { type Behavior, type PreTokenizer, prependScheme } from './components.js';
import { growthBy } from './growth.js';
import { compilePattern, matchesOf } from './patterns.js';
import { WHITESPACE, WORD } from './unicode.js';

/** A piece of text. Merging never joins two pieces. */
interface Piece {
  readonly text: string;
  /** Whether the text to encode begins with this piece. */
  readonly isFirst: boolean;
}

type PreTokenize = (piece: Piece) => readonly Piece[];

/** The regex of GPT-2's pre-tokenizer (openai/gpt-2, encoder.py), and of `ByteLevel` in a `tokenizer.json`. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;
const SPACES = new RegExp(WHITESPACE, 'gu');

/**
 * Creates the function that a pre-tokenizer stands for. It throws `E_TOKENIZER` for a text whose pieces would become far longer
 * than it.
 */
export function createPreTokenizer(component: PreTokenizer, file: string): PreTokenize {
  const checkOf = growthBy('pre_tokenizer', file);
  const parts = flatten(component).map(createPart);
  return (piece) => {
    const check = checkOf(piece.text.length);
    let pieces: readonly Piece[] = [piece];
    for (const part of parts) {
      pieces = pieces.flatMap(part);
      check(pieces.reduce((sum, { text }) => sum + text.length, 0));
    }
    return pieces;
  };
}

type Single = Exclude<PreTokenizer, { type: 'Sequence' }>;

/** A sequence in a sequence is the same as one: the length of the pieces is limited by that of the first text. */
function flatten(component: PreTokenizer): Single[] {
  return component.type === 'Sequence' ? component.pretokenizers.flatMap(flatten) : [component];
}

function createPart(component: Single): PreTokenize {
  switch (component.type) {
    case 'ByteLevel': {
      const pattern = compilePattern({ Regex: GPT2_PATTERN });
      return (piece) => {
        const prefix = component.add_prefix_space && !piece.text.startsWith(' ') ? ' ' : '';
        const whole = { ...piece, text: prefix + piece.text };
        const pieces = component.use_regex ? split(whole, pattern, 'Isolated') : [whole];
        return pieces.map(({ text, isFirst }) => ({ text: byteLevelText(text), isFirst }));
      };
    }
    case 'Metaspace': {
      const { replacement, split: splits } = component;
      const scheme = prependScheme(component);
      const pattern = compilePattern({ String: replacement });
      return (piece) => {
        const spaced = piece.text.replaceAll(' ', replacement);
        const prepends = scheme === 'always' || (scheme === 'first' && piece.isFirst);
        const prefix = prepends && !spaced.startsWith(replacement) ? replacement : '';
        const whole = { ...piece, text: prefix + spaced };
        return splits === false ? [whole] : split(whole, pattern, 'MergedWithNext');
      };
    }
    case 'Split': {
      const pattern = compilePattern(component.pattern);
      return (piece) => split(piece, pattern, component.behavior, component.invert);
    }
    case 'Digits': {
      const behavior = component.individual_digits ? 'Isolated' : 'Contiguous';
      return (piece) => split(piece, /\p{N}/gu, behavior);
    }
    case 'Punctuation':
      return (piece) => split(piece, PUNCTUATION, component.behavior);
    case 'Whitespace': {
      const words = new RegExp(`[${WORD}]+|[^${WORD}${WHITESPACE}]+`, 'gu');
      return (piece) => split(piece, words, 'Removed', true);
    }
    case 'WhitespaceSplit':
      return (piece) => split(piece, SPACES, 'Removed');
    case 'BertPreTokenizer':
      return (piece) =>
        split(piece, SPACES, 'Removed').flatMap((word) => split(word, PUNCTUATION, 'Isolated'));
    case 'CharDelimiterSplit': {
      const pattern = compilePattern({ String: component.delimiter });
      return (piece) => split(piece, pattern, 'Removed');
    }
    case 'FixedLength': {
      const pattern = new RegExp(`[\\s\\S]{1,${component.length}}`, 'gu');
      return (piece) => split(piece, pattern, 'Isolated');
    }
  }
}

/** Whether a pre-tokenizer writes text in GPT-2's alphabet for bytes. */
export function writesBytes(component: PreTokenizer): boolean {
  return flatten(component).some(({ type }) => type === 'ByteLevel');
}

/** Whether a pre-tokenizer treats the piece at the beginning of a text in another way. */
export function heedsStart(component: PreTokenizer): boolean {
  return flatten(component).some((part) => part.type === 'Metaspace' && prependScheme(part) === 'first');
}

interface Stretch {
  start: number;
  end: number;
  readonly isMatch: boolean;
}

/**
 * Splits a piece at the matches of a pattern.
 * @param invert whether the text between matches is what is matched
 */
function split({ text, isFirst }: Piece, pattern: RegExp, behavior: Behavior, invert = false): Piece[] {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const { start, end } of matchesOf(text, pattern)) {
    if (start > at) stretches.push({ start: at, end: start, isMatch: invert });
    stretches.push({ start, end, isMatch: !invert });
    at = end;
  }
  if (at < text.length) stretches.push({ start: at, end: text.length, isMatch: invert });
  return JOINED[behavior](stretches)
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => ({ text: text.slice(start, end), isFirst: isFirst && start === 0 }));
}

const JOINED: Readonly<Record<Behavior, (stretches: readonly Stretch[]) => readonly Stretch[]>> = {
  Isolated: (stretches) => stretches,
  Removed: (stretches) => stretches.filter(({ isMatch }) => !isMatch),
  Contiguous: (stretches) => joined(stretches, (isMatch, before) => isMatch === before),
  MergedWithPrevious: (stretches) => joined(stretches, (isMatch, before) => isMatch && !before),
  MergedWithNext: (stretches) => joined(stretches, (isMatch, before) => before && !isMatch),
};

/** Joins each stretch to the one before it where `joins` says so. */
function joined(
  stretches: readonly Stretch[],
  joins: (isMatch: boolean, before: boolean) => boolean,
): Stretch[] {
  const result: Stretch[] = [];
  let before = false;
  for (const stretch of stretches) {
    const last = result.at(-1);
    if (last !== undefined && joins(stretch.isMatch, before)) last.end = stretch.end;
    else result.push({ ...stretch });
    before = stretch.isMatch;
  }
  return result;
}
