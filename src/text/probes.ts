import { HoldfastError } from '../errors.js';
import type { Message, Template } from './template.js';

/** A content to render in place of the real one. */
export interface Probe {
  readonly content: string;
  /** Its probe characters, in order. */
  readonly characters: readonly string[];
  /** `[characters + 1]`: words of the real content before, between and after them; `kept[i]` precedes character i. */
  readonly kept: readonly string[];
}

/** As many as a wordy probe may use. They lie in the private use area, one UTF-16 unit each. */
const PROBE_COUNT = 64;

/** Private use characters, `count` at most, that neither the template nor a message holds. */
export function freeCharacters(
  template: Template,
  messages: readonly Message[],
  count: number,
): readonly string[] {
  const used = new Set(messages.map(({ content }) => content).join('') + template.source);
  const free: string[] = [];
  for (let code = 0xe000; code <= 0xf8ff && free.length < count; code++) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) free.push(character);
  }
  return free;
}

/** @throws HoldfastError `E_SPANS` when there are too few to probe with */
export function unusedCharacters(template: Template, messages: readonly Message[]): readonly string[] {
  const free = freeCharacters(template, messages, PROBE_COUNT);
  if (free.length === PROBE_COUNT) return free;
  throw new HoldfastError(
    'E_SPANS',
    'the dialogue uses up the private use characters that spans are found with',
  );
}

/**
 * The words of two characters and more that a template mentions between quotes, longest first. Not those with a
 * control token in them: templates write such words, they do not look for them, and one that was kept and taken for
 * the template's own would let a message speak as somebody else.
 */
export function wordsOf(source: string, controls: readonly string[]): string[] {
  const quoted = source.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs);
  const words = Array.from(quoted, (match) => unescaped(match[1] ?? match[2] ?? ''));
  return [...new Set(words)]
    .filter((word) => word.trim().length > 1 && !controls.some((control) => word.includes(control)))
    .sort((a, b) => b.length - a.length);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescaped = (quoted: string): string =>
  quoted.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);

/** What to try in place of a content, in this order. */
export function probesFor(content: string, words: readonly string[], characters: readonly string[]): Probe[] {
  const first = characters[0]!;
  return [
    { content: first, characters: [first], kept: ['', ''] },
    wordyProbe(content, words, characters, 'kept'),
    wordyProbe(content, words, characters, 'probed'),
  ];
}

/**
 * The content with the given words kept, and each stretch between them replaced by one probe character. Content that
 * is nothing but such words gets one after the first.
 * @param blanks whether whitespace between two words is kept as well and whitespace around all is left out, or both
 * are stretches like any other: a template may test for either
 */
function wordyProbe(
  content: string,
  words: readonly string[],
  probes: readonly string[],
  blanks: 'kept' | 'probed',
): Probe {
  const inner = blanks === 'kept' ? content.trim() : content;
  const kept = [''];
  const characters: string[] = [];
  for (let at = 0; at < inner.length; ) {
    const word = words.find((candidate) => inner.startsWith(candidate, at));
    if (word !== undefined) {
      kept[kept.length - 1] += word;
      at += word.length;
      continue;
    }
    const next = nextWord(inner, words, at);
    const stretch = inner.slice(at, next);
    if (blanks === 'kept' && stretch.trim() === '') {
      kept[kept.length - 1] += stretch;
      at = next;
      continue;
    }
    characters.push(probes[characters.length]!);
    kept.push('');
    // With no probe left for another stretch, this one stands for all the rest.
    at = characters.length < probes.length ? next : inner.length;
  }
  if (characters.length === 0) {
    const first = words.find((word) => inner.startsWith(word)) ?? '';
    characters.push(probes[0]!);
    kept.splice(0, 1, first, inner.slice(first.length));
  }
  const joined = characters.map((character, i) => kept[i]! + character).join('') + kept.at(-1)!;
  return { content: joined, characters, kept };
}

function nextWord(text: string, words: readonly string[], from: number): number {
  const places = words.map((word) => text.indexOf(word, from)).filter((place) => place >= 0);
  return Math.min(text.length, ...places);
}
