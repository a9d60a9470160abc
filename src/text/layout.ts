import { HoldfastError } from '../errors.js';
import type { CharRange } from './added-tokens.js';
import { messageBorders } from './borders.js';
import type { ChatFormat } from './chat-format.js';
import type { EncodedText } from './encoded-text.js';
import type { Moment } from './moment.js';
import { contentPositions } from './provenance.js';
import type { Span, SpanRole, TokenRange } from './span.js';
import type { Message } from './template.js';

/** How a dialogue is laid out; see {@link layoutDialogue}. */
export interface LayoutOptions {
  /** Whether the text ends with the header that opens an answer. */
  readonly addGenerationPrompt: boolean;
  /** The date and time, for templates that write them. */
  readonly now: Moment;
  /**
   * Whether to recognise control tokens written in messages, as transformers does. By default they are ordinary words:
   * a user who writes `<|im_start|>system` does not get the role of the system.
   */
  readonly trustContent?: boolean;
}

/** A message's tokens. */
export interface MessageLayout extends TokenRange {
  readonly role: Message['role'];
  readonly turn: number;
  /** The message's own words. `[start, end)` also includes its header and tail, but not the sink. */
  readonly content: TokenRange;
  /** Whether the message has words but the template wrote none of them. */
  readonly leftOut: boolean;
}

/** A dialogue as the model reads it. */
export interface DialogueLayout {
  readonly text: string;
  /** The date and time that the template writes if it writes one. */
  readonly now: Moment;
  readonly ids: number[];
  /** The spans: disjoint, in order, covering every token. The first token is the sink. */
  readonly spans: Span[];
  /** In the order of the messages. A message that the template omits has no tokens. */
  readonly messages: MessageLayout[];
  /** The range of each message's content in `text`, as the template wrote it (possibly trimmed). */
  readonly contentChars: CharRange[];
}

/**
 * Renders a dialogue with a model's chat template and assigns every token to a message or to the template.
 *
 * The ids equal those of transformers' `apply_chat_template`, unless a message contains the text of a control token
 * (see `trustContent`). A token with characters of both a content and the template belongs to the content, so that no
 * word is missing from its span. A token with the end of one message and the start of the next belongs to the first.
 * @throws HoldfastError `E_TEMPLATE` if the template refuses the dialogue or writes nothing; `E_SPANS` if a message
 * cannot be located; `E_DIALOGUE` if there are no messages
 */
export function layoutDialogue(
  format: ChatFormat,
  messages: readonly Message[],
  options: LayoutOptions,
): DialogueLayout {
  const { tokenizer, template, specialTokens } = format;
  if (messages.length === 0) throw new HoldfastError('E_DIALOGUE', 'a dialogue needs at least one message');
  const { now } = options;
  const renderWith =
    (addGenerationPrompt: boolean) =>
    (dialogue: readonly Message[]): string =>
      template.render(dialogue, { addGenerationPrompt, specialTokens, now });
  const render = renderWith(options.addGenerationPrompt);

  const controls = tokenizer.addedTokens.filter(({ special }) => special).map(({ content }) => content);

  const text = render(messages);
  if (text === '') {
    throw new HoldfastError('E_TEMPLATE', 'the chat template writes nothing for this dialogue', {
      file: template.name,
    });
  }
  const contents = contentPositions(template, render, messages, text, controls);
  const borders = messageBorders(renderWith(false), messages, text, contents, options.addGenerationPrompt);
  const contentChars = contents.map(
    (content, i) => content ?? { start: borders.messages[i]!.end, end: borders.messages[i]!.end },
  );
  const plain = options.trustContent === true ? [] : contentChars;
  const encoded = tokenizer.encodeParts(text, { plain, guarded: format.guarded });
  const turns = turnsOf(messages);

  const isLeftOut = (i: number): boolean =>
    messages[i]!.content.trim() !== '' && contentChars[i]!.end === contentChars[i]!.start;
  const layouts = tokenRanges(encoded, borders.messages, contentChars).map(
    (range, i): MessageLayout => ({
      ...{ role: messages[i]!.role, turn: turns[i]!, ...range },
      leftOut: isLeftOut(i),
    }),
  );
  const spans = spansOf(layouts, encoded.ids.length, messages.filter(({ role }) => role === 'user').length);
  return { text, now, ids: encoded.ids, spans, messages: layouts, contentChars };
}

/**
 * Checks that the template wrote the system message: otherwise it has no share to measure or change.
 * @throws HoldfastError `E_TEMPLATE` if the template omits it
 */
export function requireSystem({ messages }: Pick<DialogueLayout, 'messages'>): void {
  if (!messages.some(({ role, leftOut }) => role === 'system' && leftOut)) return;
  throw new HoldfastError('E_TEMPLATE', 'the chat template omits the system message', {
    hint: 'Put its words into the first user message if the model has no system messages. End the dialogue with a user message if the template writes it only there',
  });
}

/** Returns each message's turn: 0 up to the first user message; each user message opens the next turn. */
function turnsOf(messages: readonly Message[]): number[] {
  let turn = 0;
  return messages.map(({ role }) => {
    if (role === 'user') turn++;
    return role === 'system' ? 0 : turn;
  });
}

/**
 * Converts ranges of characters to ranges of tokens. A content gets every token that contains one of its characters,
 * unless an earlier content has it. A message also gets the template's tokens that begin in it. The first token, the
 * sink, belongs to no message.
 */
function tokenRanges(
  encoded: EncodedText,
  messages: readonly CharRange[],
  contents: readonly CharRange[],
): (TokenRange & { readonly content: TokenRange })[] {
  const order = messages
    .map((_, index) => index)
    .sort((a, b) => contents[a]!.start - contents[b]!.start || contents[a]!.end - contents[b]!.end || a - b);
  let taken = Math.min(1, encoded.ids.length);
  const contentTokens: TokenRange[] = [];
  for (const index of order) {
    const { start, end } = contents[index]!;
    const first = encoded.cut(start);
    // An empty content has no token, not even one that spans its position.
    const from = Math.max(taken, start === end ? first.after : first.before);
    taken = Math.max(from, start === end ? from : encoded.cut(end).after);
    contentTokens[index] = { start: from, end: taken };
  }

  const ranges: (TokenRange & { readonly content: TokenRange })[] = [];
  let begin = Math.min(1, encoded.ids.length);
  order.forEach((index, i) => {
    const content = contentTokens[index]!;
    const next = order[i + 1];
    const limit = next === undefined ? encoded.ids.length : contentTokens[next]!.start;
    const start = i === 0 ? clamp(encoded.cut(messages[index]!.start).after, begin, content.start) : begin;
    begin = clamp(encoded.cut(messages[index]!.end).after, content.end, limit);
    ranges[index] = { start, end: begin, content };
  });
  return ranges;
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Cuts all tokens into spans: each message's header, content and tail, and the template's text between messages. */
function spansOf(layouts: readonly MessageLayout[], tokens: number, lastTurn: number): Span[] {
  const spans: Span[] = [];
  let at = 0;
  const push = (end: number, role: SpanRole, turn: number): void => {
    if (end <= at) return;
    spans.push({ start: at, end, role, turn });
    at = end;
  };
  push(Math.min(1, tokens), 'sink', 0);
  const ordered = [...layouts].sort((a, b) => a.start - b.start || a.end - b.end);
  for (const { role, turn, start, end, content } of ordered) {
    push(start, 'template', 0); // what the template writes before the first message
    push(content.start, 'template', turn);
    push(content.end, role, turn);
    push(end, 'template', turn);
  }
  push(tokens, 'template', lastTurn);
  return spans;
}
