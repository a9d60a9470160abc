import { HoldfastError } from '../errors.js';
import type { Message, Template } from './template.js';

/** A content that is rendered in place of the real one. */
export interface Probe {
  readonly content: string;
  /** The probe characters in it, in order. */
  readonly characters: readonly string[];
  /** `[characters + 1]`: text of the real content around the probe characters; `kept[i]` precedes character i. */
  readonly kept: readonly string[];
}

/** The most probe characters that {@link wordyProbe} uses. */
const PROBE_COUNT = 64;

/**
 * Returns up to `count` private use characters (one UTF-16 unit each) that occur in no message and not in the template.
 */
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

/**
 * Returns {@link PROBE_COUNT} free characters.
 * @throws HoldfastError `E_SPANS` if there are fewer
 */
export function unusedCharacters(template: Template, messages: readonly Message[]): readonly string[] {
  const free = freeCharacters(template, messages, PROBE_COUNT);
  if (free.length === PROBE_COUNT) return free;
  throw new HoldfastError(
    'E_SPANS',
    'the dialogue contains nearly all private use characters, so none are left to locate its messages with',
  );
}

/**
 * Returns the quoted strings of a template that have two characters or more, longest first. Strings that contain a
 * control token are left out: templates write them but do not look for them, and a probe that kept one could be
 * mistaken for the template's own text, so that a message could speak in another role.
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

/** Returns the probes to try in place of a content, in this order. */
export function probesFor(content: string, words: readonly string[], characters: readonly string[]): Probe[] {
  const first = characters[0]!;
  return [
    { content: first, characters: [first], kept: ['', ''] },
    wordyProbe(content, words, characters, 'kept'),
    wordyProbe(content, words, characters, 'probed'),
  ];
}

/**
 * Keeps the given words of a content and replaces each stretch between them with one probe character. If the content
 * consists only of such words, inserts a probe character after the first.
 * @param blanks `kept`: keep whitespace between two words and drop it at the ends; `probed`: replace whitespace like
 * any other stretch. A template may test for either.
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
    // The last probe character replaces all the rest.
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
