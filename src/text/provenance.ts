import { HoldfastError } from '../errors.js';
import type { CharRange } from './added-tokens.js';
import { freeCharacters, type Probe, probesFor, unusedCharacters, wordsOf } from './probes.js';
import type { Message, Template } from './template.js';

/**
 * Where in a rendered dialogue each message's own words lie. A template is a program and may do anything with a
 * content: trim it, cut a part away, write it elsewhere or nowhere. So the words are never searched for. Instead the
 * dialogue is rendered again with one content replaced by a probe, characters that occur nowhere else; what stands
 * before the probe and what stands after it is the template's writing around that content. When the real rendering
 * begins with the one and ends with the other, what lies between them is the content as the template wrote it, with
 * whatever the template writes right beside it only because of what it says.
 *
 * A template may look at a content before it writes it (is it empty, does it hold `</think>`), so that a probe with
 * no likeness to the content changes the text around it, and the comparison fails. The next probe then keeps the
 * words that the template itself mentions and replaces those in between. If that fails too, the positions are not
 * established, and that is an error.
 *
 * Most templates write every content as it is, or trimmed. That is tried first, because one rendering shows it for all
 * messages: with a probe in the place of every content, what stands around the probes, put together with the contents,
 * is the text itself, character for character.
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
  const together = locateTogether(template, render, messages, text);
  if (together !== null) return together;
  const characters = unusedCharacters(template, messages);
  const words = wordsOf(template.source, controls);
  const positions = messages.map((message, index) => {
    const withContent = (content: string): string | null => {
      try {
        return render(messages.map((other, i) => (i === index ? { ...message, content } : other)));
      } catch {
        return null; // the template refuses the probe: it looks at the content, and this probe tells nothing
      }
    };
    for (const probe of probesFor(message.content, words, characters)) {
      const found = locate(withContent(probe.content), text, probe);
      if (found === 'repeated') {
        throw unclear(index, message, 'the template writes its content more than once');
      }
      if (found !== 'unclear') return found;
    }
    if (message.content.trim() === '' && isLeftOut(withContent(characters[0]!), text, characters[0]!))
      return null;
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

/**
 * The places of all contents by one rendering; null when that leaves a doubt: a probe is missing or written twice, two
 * stand side by side, or the text is not what stands around them put together with the contents in one way only.
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
    return null; // the template looks at the contents
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

function unclear(index: number, message: Message, why: string): HoldfastError {
  return new HoldfastError(
    'E_SPANS',
    `it cannot be established where message ${index + 1} (${message.role}) lies in the rendered dialogue: ${why}`,
  );
}
