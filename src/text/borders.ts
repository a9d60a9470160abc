import type { CharRange } from './added-tokens.js';
import type { Render } from './provenance.js';
import type { Message } from './template.js';

/**
 * Where one message ends and the next begins. Between two contents stands the tail of the one and the header of the
 * other, both the template's. The tail is what the template writes after a content that ends the dialogue: the
 * dialogue is cut there and rendered with a probe in the content's place. When the text between the contents begins
 * with that tail, the border is behind it. Otherwise (the template folds two messages into one, or will not render
 * the cut dialogue) the tail is the text up to the end of its first run of line breaks, all of it if it has none.
 * Where the same role is followed by the same text again, the border is at the same place in it.
 */

/** A character that lies outside every content, private use. Borders only read text that the template wrote. */
const PROBE = '\uf8ff';

export interface MessageBorders {
  /** Where each message's own text lies, with header and tail, in the order of the messages. */
  readonly messages: readonly CharRange[];
  /** Where the header that opens an answer begins; the text's length when there is none. */
  readonly end: number;
}

/**
 * @param render renders without a generation prompt
 * @param contents as {@link contentPositions} gives them
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
  const tailLengths = new Map<string, number>(); // by role and the text between two contents
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
  // A message that was not written lies, with no length, behind the one before it.
  contents.forEach((content, index) => {
    if (content !== null) return;
    const at = index === 0 ? (written[0] ? ranges[written[0].index]!.start : 0) : ranges[index - 1]!.end;
    ranges[index] = { start: at, end: at };
  });
  return { messages: ranges, end: written.length === 0 ? 0 : begin };
}

/** The text after the last message's content when the dialogue ends there, null when the template does not say. */
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
 * How much text stands before the first message's header: a system message that the template adds on its own. The
 * header is learned from where the same role speaks later in a dialogue; a system message never does, and its header
 * is all that stands before it.
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
    return null; // the template refuses this dialogue; the caller has a rule for not knowing
  }
}
