import type { CharRange } from './added-tokens.js';
import type { TemplateMessage } from './message.js';
import { piecesByMessage, type WordPlace, wordPlaces } from './places.js';
import type { Rendering } from './template.js';

/**
 * Finds where one message ends and the next begins. Between the words of two messages, the template writes the tail of
 * the first and the header of the second. The tail is what the template writes after words that end the dialogue. To
 * find it, cut the dialogue there and render it. If the text between the words begins with that tail, the border is right
 * after it. Otherwise (the template folds two messages into one, or refuses the cut dialogue) the tail is the text up to
 * the end of its first run of line breaks, or all of the text if it has no line break. If the same role is followed by
 * the same text again, the border is at the same offset.
 */

/**
 * The most texts between messages for which the dialogue is cut and rendered. Templates write only a few; arguments of tool
 * calls, which a template may write in its own words, could make one for every message.
 */
const MOST_CUTS = 64;

/** Renders a dialogue without a generation prompt. */
export type Render = (messages: readonly TemplateMessage[]) => Rendering;

/**
 * Returns the range of each place with its header and tail, in the order of the places.
 * @param places where the template writes the messages' words, ascending
 */
export function placeBorders(
  render: Render,
  messages: readonly TemplateMessage[],
  text: string,
  places: readonly WordPlace[],
  hasGenerationPrompt: boolean,
): CharRange[] {
  const tailLengths = new Map<string, number>(); // keyed by role and the text after the words
  let begin = places.length === 0 ? 0 : preambleEnd(render, messages, text, places[0]!);
  return places.map(({ message, pieces }, i) => {
    const { end: wordsEnd } = pieces.at(-1)!;
    const next = places[i + 1];
    const gap = text.slice(wordsEnd, next === undefined ? text.length : next.pieces[0]!.start);
    const isWholeGap = next === undefined && !hasGenerationPrompt;
    const key = `${messages[message]!.role} ${gap}`;
    const length = isWholeGap
      ? gap.length
      : (tailLengths.get(key) ??
        tailLength(
          tailLengths.size < MOST_CUTS ? tailOf(render, messages.slice(0, message + 1)) : null,
          gap,
        ));
    tailLengths.set(key, length);
    const start = begin;
    begin = wordsEnd + length;
    return { start, end: begin };
  });
}

/** Returns the text after the last message's words when the dialogue ends there, or null if it cannot be told. */
function tailOf(render: Render, messages: readonly TemplateMessage[]): string | null {
  const rendering = attempt(render, messages);
  const place =
    rendering === null ? undefined : wordPlaces(piecesByMessage(rendering, messages.length)).at(-1);
  if (place === undefined || place.message !== messages.length - 1) return null;
  return rendering!.text.slice(place.pieces.at(-1)!.end);
}

/** @param tail what the template writes where the dialogue ends before the gap; null if it cannot be told */
function tailLength(tail: string | null, gap: string): number {
  if (tail !== null && gap.startsWith(tail)) return tail.length;
  const firstLines = /^[^\n]*\n+/.exec(gap);
  return firstLines === null ? gap.length : firstLines[0].length;
}

/** Words of a dialogue that is rendered to learn a header. */
const SAMPLE = 'x';

/**
 * Returns the length of the text before the first message's header: a system message that the template adds on its
 * own. To learn the header, render a dialogue in which the same role speaks later. A system message never speaks
 * later, so all text before its words is its header.
 */
function preambleEnd(
  render: Render,
  messages: readonly TemplateMessage[],
  text: string,
  first: WordPlace,
): number {
  const { role } = messages[first.message]!;
  if (role === 'system') return 0;
  const earlier: TemplateMessage[] = [
    { role: 'user', content: SAMPLE },
    { role: 'assistant', content: SAMPLE },
  ];
  const before = role === 'user' ? earlier : earlier.slice(0, 1);
  const rendering = attempt(render, [...before, { role, content: SAMPLE }]);
  const tail = tailOf(render, before);
  if (rendering === null || tail === null) return 0;
  const [previous, words] = piecesByMessage(rendering, before.length + 1)
    .slice(-2)
    .map((pieces) => pieces.at(-1));
  if (previous === undefined || words === undefined) return 0;
  const gap = rendering.text.slice(previous.end, words.start);
  if (!gap.startsWith(tail)) return 0;
  const header = gap.slice(tail.length);
  const { start } = first.pieces[0]!;
  return text.slice(0, start).endsWith(header) ? start - header.length : 0;
}

function attempt(render: Render, messages: readonly TemplateMessage[]): Rendering | null {
  try {
    return render(messages);
  } catch {
    return null; // the template refuses this dialogue; the caller has a rule for that
  }
}
