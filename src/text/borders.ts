import type { CharRange } from './added-tokens.js';
import type { Render } from './provenance.js';
import type { Message } from './template.js';

/**
 * Finds where one message ends and the next begins. Between two contents, the template writes the tail of the first
 * message and the header of the second. The tail is what the template writes after a content that ends the dialogue.
 * To find it, cut the dialogue there and render it with a probe in place of the content. If the text between the
 * contents begins with that tail, the border is right after it. Otherwise (the template folds two messages into one,
 * or refuses the cut dialogue) the tail is the text up to the end of its first run of line breaks, or all of the text
 * if it has no line break. If the same role is followed by the same text again, the border is at the same offset.
 */

/** The probe: a private use character that contents are not expected to hold. */
const PROBE = '\uf8ff';

/** The character ranges of a rendered dialogue's messages. */
export interface MessageBorders {
  /** Each message's range, with header and tail, in the order of the messages. */
  readonly messages: readonly CharRange[];
  /** The position of the header that opens an answer; the text's length if there is none. */
  readonly end: number;
}

/**
 * Returns the borders of the messages in `text`.
 * @param render renders messages without a generation prompt
 * @param contents the result of {@link contentPositions}
 */
export function messageBorders(
  render: Render,
  messages: readonly Message[],
  text: string,
  contents: readonly (CharRange | null)[],
  hasGenerationPrompt: boolean,
): MessageBorders {
  const written = contents
    .flatMap((content, index) => (content === null ? [] : [{ index, content }]))
    .sort((a, b) => a.content.start - b.content.start || a.content.end - b.content.end || a.index - b.index);

  const ranges: CharRange[] = messages.map(() => ({ start: 0, end: 0 }));
  const tailLengths = new Map<string, number>(); // keyed by role and the text between two contents
  let begin = written.length === 0 ? 0 : preambleEnd(render, messages, text, written[0]!);
  written.forEach(({ index, content }, i) => {
    const isLast = i === written.length - 1;
    const gap = text.slice(content.end, isLast ? text.length : written[i + 1]!.content.start);
    const wholeGap = isLast && !hasGenerationPrompt;
    const key = `${messages[index]!.role} ${gap}`;
    const length = wholeGap
      ? gap.length
      : (tailLengths.get(key) ?? tailLength(render, messages.slice(0, index + 1), gap));
    tailLengths.set(key, length);
    const end = content.end + length;
    ranges[index] = { start: begin, end };
    begin = end;
  });
  // A message that the template did not write is an empty range after the previous message.
  contents.forEach((content, index) => {
    if (content !== null) return;
    const at = index === 0 ? (written[0] ? ranges[written[0].index]!.start : 0) : ranges[index - 1]!.end;
    ranges[index] = { start: at, end: at };
  });
  return { messages: ranges, end: written.length === 0 ? 0 : begin };
}

/** Returns the text after the last message's content when the dialogue ends there, or null if it cannot be told. */
function tailOf(render: Render, messages: readonly Message[]): string | null {
  const last = messages.at(-1)!;
  const probed = attempt(render, [...messages.slice(0, -1), { ...last, content: PROBE }]);
  const parts = probed?.split(PROBE);
  return parts?.length === 2 ? parts[1]! : null;
}

function tailLength(render: Render, messages: readonly Message[], gap: string): number {
  const tail = tailOf(render, messages);
  if (tail !== null && gap.startsWith(tail)) return tail.length;
  const firstLines = /^[^\n]*\n+/.exec(gap);
  return firstLines === null ? gap.length : firstLines[0].length;
}

/**
 * Returns the length of the text before the first message's header: a system message that the template adds on its
 * own. To learn the header, render a dialogue in which the same role speaks later. A system message never speaks
 * later, so all text before its content is its header.
 */
function preambleEnd(
  render: Render,
  messages: readonly Message[],
  text: string,
  first: { readonly index: number; readonly content: CharRange },
): number {
  const { role } = messages[first.index]!;
  if (role === 'system') return 0;
  const earlier: Message[] = [
    { role: 'user', content: '\uf8fe' },
    { role: 'assistant', content: '\uf8fd' },
  ];
  const before = role === 'user' ? earlier : earlier.slice(0, 1);
  const probed = attempt(render, [...before, { role, content: PROBE }]);
  const tail = tailOf(render, before);
  if (probed === null || tail === null) return 0;
  const lastContent = before.at(-1)!.content;
  const gap = probed.slice(probed.indexOf(lastContent) + lastContent.length, probed.indexOf(PROBE));
  if (!gap.startsWith(tail)) return 0;
  const header = gap.slice(tail.length);
  return text.slice(0, first.content.start).endsWith(header) ? first.content.start - header.length : 0;
}

function attempt(render: Render, messages: readonly Message[]): string | null {
  try {
    return render(messages);
  } catch {
    return null; // the template refuses this dialogue; the caller has a rule for that
  }
}
