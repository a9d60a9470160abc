import { HoldfastError } from '../errors.js';
import type { CharRange } from './added-tokens.js';
import { freeCharacters, type Probe, probesFor, unusedCharacters, wordsOf } from './probes.js';
import type { Message, Template } from './template.js';

/**
 * Finds each message's own words in a rendered dialogue. A template is a program and may do anything with a content:
 * trim it, drop part of it, write it elsewhere or not at all. So this file never searches for the words. Instead, it
 * renders the dialogue again with one content replaced by a probe: characters that occur nowhere else. The text before
 * and after the probe is what the template writes around that content. If the real rendering begins with the one and
 * ends with the other, the text between them is the content as the template wrote it, together with anything that the
 * template writes directly beside it because of what the content says.
 *
 * A template may inspect a content before it writes it (is it empty, does it contain `</think>`). A probe that does not
 * resemble the content may then change the text around it, and the comparison fails. The next probe keeps the words
 * that the template itself mentions, and replaces the text between them. If that fails too, the position is unknown,
 * and that is an error.
 *
 * Most templates write every content unchanged or trimmed. That case is tried first, because one rendering covers all
 * messages: replace every content by a probe, then put the contents back in place of the probes; the result must be
 * the text itself, character for character.
 */

/** Renders these messages with the options of the dialogue that is being laid out. */
export type Render = (messages: readonly Message[]) => string;

/**
 * Returns the range of each message's content in the rendered text, in the order of the messages; null for a message
 * that the template did not write.
 * @param text the rendered dialogue
 * @param controls the texts of the control tokens
 * @throws HoldfastError `E_SPANS` naming the message whose position cannot be determined
 */
export function contentPositions(
  template: Template,
  render: Render,
  messages: readonly Message[],
  text: string,
  controls: readonly string[],
): (CharRange | null)[] {
  const together = locateTogether(template, render, messages, text);
  if (together !== null) return together;
  const characters = unusedCharacters(template, messages);
  const words = wordsOf(template.source, controls);
  const positions = messages.map((message, index) => {
    const withContent = (content: string): string | null => {
      try {
        return render(messages.map((other, i) => (i === index ? { ...message, content } : other)));
      } catch {
        return null; // the template inspects the content and refuses this probe, so try the next one
      }
    };
    for (const probe of probesFor(message.content, words, characters)) {
      const found = locate(withContent(probe.content), text, probe);
      if (found === 'repeated') {
        throw unclear(index, message, 'the template writes the content more than once');
      }
      if (found !== 'unclear') return found;
    }
    if (message.content.trim() === '' && isLeftOut(withContent(characters[0]!), text, characters[0]!))
      return null;
    throw unclear(index, message, 'the text around the content depends on the content');
  });

  const ordered = positions
    .filter((range) => range !== null)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  ordered.forEach((range, i) => {
    if (i === 0 || ordered[i - 1]!.end <= range.start) return;
    const index = positions.indexOf(range);
    throw unclear(index, messages[index]!, "the content overlaps another message's");
  });
  return positions;
}

/**
 * Finds all contents with one rendering. Returns null if the result is ambiguous: a probe is missing or written twice,
 * two probes are adjacent, or there is not exactly one way to put the contents in place of the probes and get the text.
 */
function locateTogether(
  template: Template,
  render: Render,
  messages: readonly Message[],
  text: string,
): CharRange[] | null {
  const probes = freeCharacters(template, messages, messages.length);
  if (probes.length < messages.length) return null;
  let probed: string;
  try {
    probed = render(messages.map((message, i) => ({ ...message, content: probes[i]! })));
  } catch {
    return null; // the template inspects the contents
  }
  const indexOf = new Map(probes.map((probe, index) => [probe, index]));
  const written = [...probed].flatMap((character) => indexOf.get(character) ?? []);
  if (written.length !== messages.length || new Set(written).size < written.length) return null;

  const places = written.map((index) => probed.indexOf(probes[index]!));
  let at = places[0] ?? 0;
  if (!text.startsWith(probed.slice(0, at))) return null;
  const ranges: CharRange[] = [];
  for (const [i, index] of written.entries()) {
    const isLast = i === written.length - 1;
    const around = probed.slice(places[i]! + 1, isLast ? probed.length : places[i + 1]!);
    if (around === '' && !isLast) return null;
    const { content } = messages[index]!;
    const fitting = [...new Set([content, content.trim()])].filter((words) =>
      isLast ? text.slice(at) === words + around : text.startsWith(words + around, at),
    );
    if (fitting.length !== 1) return null;
    const end = at + fitting[0]!.length;
    ranges[index] = { start: at, end };
    at = end + around.length;
  }
  return ranges;
}

/** Returns the range of `text` from the first probe character's place to the last one's. */
function locate(
  probed: string | null,
  text: string,
  probe: Probe,
): CharRange | null | 'unclear' | 'repeated' {
  if (probed === null) return 'unclear';
  const places = [...probed].filter((character) => probe.characters.includes(character));
  if (new Set(places).size < places.length) return 'repeated';
  // If the probe does not appear and the text is unchanged, the template does not write this content.
  if (places.length === 0) return probed === text ? null : 'unclear';
  const first = places[0]!;
  const last = places.at(-1)!;
  let before = probed.slice(0, probed.indexOf(first));
  let after = probed.slice(probed.indexOf(last) + 1);
  // Words kept beside the outermost probe characters are content too, if the template wrote them.
  const keptBefore = probe.kept[probe.characters.indexOf(first)]!;
  const keptAfter = probe.kept[probe.characters.indexOf(last) + 1]!;
  if (before.endsWith(keptBefore)) before = before.slice(0, before.length - keptBefore.length);
  if (after.startsWith(keptAfter)) after = after.slice(keptAfter.length);
  const fits = before.length + after.length <= text.length && text.startsWith(before) && text.endsWith(after);
  return fits ? { start: before.length, end: text.length - after.length } : 'unclear';
}

/** Whether `text` is the probed rendering without the probe and some of the text around it. */
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

function unclear(index: number, message: Message, why: string): HoldfastError {
  return new HoldfastError(
    'E_SPANS',
    `cannot locate message ${index + 1} (${message.role}) in the rendered dialogue: ${why}`,
  );
}
