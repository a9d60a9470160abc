import { HoldfastError } from '../errors.js';
import type { CharRange } from './added-tokens.js';
import type { Message, Template } from './template.js';

/**
 * Where in a rendered dialogue each message's own words lie. A template is a program and may do anything with a
 * content: trim it, cut a part away, write it elsewhere or nowhere. So the words are never searched for. Instead the
 * dialogue is rendered again with one content replaced by a probe, characters that occur nowhere else; what stands
 * before the probe and what stands after it is the template's writing around that content. When the real rendering
 * begins with the one and ends with the other, what lies between them is the content as the template wrote it.
 *
 * A template may look at a content before it writes it (is it empty, does it hold `</think>`), so that a probe with
 * no likeness to the content changes the text around it, and the comparison fails. The next probe then keeps the
 * words that the template itself mentions and replaces those in between. If that fails too, the positions are not
 * established, and that is an error.
 */

/** Renders a dialogue of these messages, everything else as in the dialogue that is laid out. */
export type Render = (messages: readonly Message[]) => string;

/**
 * The characters of each message's content in the rendered text, in the order of the messages; null for a message
 * that the template wrote no character of, nor anything around it that could be told.
 * @param text the dialogue as rendered
 * @param controls the texts of the control tokens
 * @throws HoldfastError `E_SPANS` naming the message whose place cannot be established
 */
export function contentPositions(
  template: Template,
  render: Render,
  messages: readonly Message[],
  text: string,
  controls: readonly string[],
): (CharRange | null)[] {
  const probes = unusedCharacters(template, messages);
  const words = wordsOf(template.source, controls);
  const positions = messages.map((message, index) => {
    const withContent = (content: string): string | null => {
      try {
        return render(messages.map((other, i) => (i === index ? { ...message, content } : other)));
      } catch {
        return null; // the template refuses the probe: it looks at the content, and this probe tells nothing
      }
    };
    for (const probe of [bareProbe(probes), wordyProbe(message.content, words, probes)]) {
      const found = locate(withContent(probe.content), text, probe);
      if (found === 'repeated') {
        throw unclear(index, message, 'the template writes its content more than once');
      }
      if (found !== 'unclear') return found;
    }
    if (message.content.trim() === '' && isLeftOut(withContent(probes[0]!), text, probes[0]!)) return null;
    throw unclear(
      index,
      message,
      'the text around its content depends on the content in a way that hides where it is',
    );
  });

  const ordered = positions
    .filter((range) => range !== null)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  ordered.forEach((range, i) => {
    if (i === 0 || ordered[i - 1]!.end <= range.start) return;
    const index = positions.indexOf(range);
    throw unclear(index, messages[index]!, 'its content runs into that of another message');
  });
  return positions;
}

/** A content to render in place of the real one. */
interface Probe {
  readonly content: string;
  /** Its probe characters, in order. */
  readonly characters: readonly string[];
  /** `[characters + 1]`: words of the real content before, between and after them; `kept[i]` precedes character i. */
  readonly kept: readonly string[];
}

/** What stands between the text before the first probe character and the text after the last one. */
function locate(
  probed: string | null,
  text: string,
  probe: Probe,
): CharRange | null | 'unclear' | 'repeated' {
  if (probed === null) return 'unclear';
  const places = [...probed].filter((character) => probe.characters.includes(character));
  if (new Set(places).size < places.length) return 'repeated';
  // A content that leaves no trace, while nothing else changes, is not written at all.
  if (places.length === 0) return probed === text ? null : 'unclear';
  const first = places[0]!;
  const last = places.at(-1)!;
  let before = probed.slice(0, probed.indexOf(first));
  let after = probed.slice(probed.indexOf(last) + 1);
  // Words kept beside the outermost probe characters are content too, where the template left them standing.
  const keptBefore = probe.kept[probe.characters.indexOf(first)]!;
  const keptAfter = probe.kept[probe.characters.indexOf(last) + 1]!;
  if (before.endsWith(keptBefore)) before = before.slice(0, before.length - keptBefore.length);
  if (after.startsWith(keptAfter)) after = after.slice(keptAfter.length);
  const fits = before.length + after.length <= text.length && text.startsWith(before) && text.endsWith(after);
  return fits ? { start: before.length, end: text.length - after.length } : 'unclear';
}

/** Whether the text is that of the probed rendering with the probe and some of the text around it left out. */
function isLeftOut(probed: string | null, text: string, probe: string): boolean {
  const at = probed?.indexOf(probe) ?? -1;
  if (probed === null || at < 0) return false;
  let same = 0;
  while (same < at && same < text.length && probed[same] === text[same]) same++;
  let sameAtEnd = 0;
  const after = probed.length - at - 1;
  while (
    sameAtEnd < after &&
    sameAtEnd < text.length &&
    probed.at(-1 - sameAtEnd) === text.at(-1 - sameAtEnd)
  ) {
    sameAtEnd++;
  }
  return same + sameAtEnd >= text.length;
}

/** As many as a wordy probe may use. They lie in the private use area, one UTF-16 unit each. */
const PROBE_COUNT = 64;

function unusedCharacters(template: Template, messages: readonly Message[]): string[] {
  const used = new Set(messages.map(({ content }) => content).join('') + template.source);
  const free: string[] = [];
  for (let code = 0xe000; code <= 0xf8ff && free.length < PROBE_COUNT; code++) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) free.push(character);
  }
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
function wordsOf(source: string, controls: readonly string[]): string[] {
  const quoted = source.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs);
  const words = Array.from(quoted, (match) => unescaped(match[1] ?? match[2] ?? ''));
  return [...new Set(words)]
    .filter((word) => word.trim().length > 1 && !controls.some((control) => word.includes(control)))
    .sort((a, b) => b.length - a.length);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescaped = (quoted: string): string =>
  quoted.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);

const bareProbe = (probes: readonly string[]): Probe => ({
  content: probes[0]!,
  characters: [probes[0]!],
  kept: ['', ''],
});

/**
 * The content without its outer whitespace, the given words kept, and each stretch between them replaced by one
 * probe character. Content that is nothing but such words gets one after the first.
 */
function wordyProbe(content: string, words: readonly string[], probes: readonly string[]): Probe {
  const inner = content.trim();
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
    if (stretch.trim() === '') {
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

function unclear(index: number, message: Message, why: string): HoldfastError {
  return new HoldfastError(
    'E_SPANS',
    `it cannot be established where message ${index + 1} (${message.role}) lies in the rendered dialogue: ${why}`,
  );
}
