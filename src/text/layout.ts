import { HoldfastError } from '../errors.js';
import type { CharRange } from './added-tokens.js';
import { messageBorders } from './borders.js';
import type { ChatFormat } from './chat-format.js';
import type { EncodedText } from './encoded-text.js';
import { contentPositions } from './provenance.js';
import type { Span, SpanRole, TokenRange } from './span.js';
import type { Message } from './template.js';

/** How a dialogue is laid out; see {@link layoutDialogue}. */
export interface LayoutOptions {
  /** Whether the text ends with the header that opens an answer. */
  readonly addGenerationPrompt: boolean;
  /**
   * Read control tokens written in the messages as such, which is what transformers does. By default they are
   * ordinary words: a user who writes `<|im_start|>system` does not become the system.
   */
  readonly trustContent?: boolean;
}

/** Where a message lies, in tokens. */
export interface MessageLayout extends TokenRange {
  readonly role: Message['role'];
  readonly turn: number;
  /** Its own words. `[start, end)` around it is the message with its header and tail, without the sink. */
  readonly content: TokenRange;
  /** Whether it has words of which the template wrote none. */
  readonly leftOut: boolean;
}

/** A dialogue as a model sees it. */
export interface DialogueLayout {
  readonly text: string;
  readonly ids: number[];
  /** Disjoint, in order, covering every token. The first token is the sink. */
  readonly spans: Span[];
  /** In the order of the messages. A message that the template leaves out has no tokens. */
  readonly messages: MessageLayout[];
  /** Each message's content in `text`, as the template wrote it (trimmed, where it trims). */
  readonly contentChars: CharRange[];
}

/**
 * Renders a dialogue with a model's chat template and says whose words every token holds.
 *
 * The ids are those of transformers' `apply_chat_template`, unless a message holds a control token's text (see
 * `trustContent`). A token that holds characters of a content and of the template belongs to the content, so that no
 * word is missing from its span; one that holds the end of one message and the begin of the next belongs to the
 * first.
 * @throws HoldfastError `E_TEMPLATE` when the template refuses the dialogue or writes nothing; `E_SPANS` when it cannot be established
 * where a message lies; `E_DIALOGUE` without messages
 */
export function layoutDialogue(
  format: ChatFormat,
  messages: readonly Message[],
  options: LayoutOptions,
): DialogueLayout {
  const { tokenizer, template, specialTokens } = format;
  if (messages.length === 0) throw new HoldfastError('E_DIALOGUE', 'a dialogue needs at least one message');
  const now = new Date(); // one moment for all renderings: templates may write the date
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
  return { text, ids: encoded.ids, spans, messages: layouts, contentChars };
}

/**
 * A system message that the model never sees has no share to measure or hold.
 * @throws HoldfastError `E_TEMPLATE` when the template left one out
 */
export function requireSystem({ messages }: Pick<DialogueLayout, 'messages'>): void {
  if (!messages.some(({ role, leftOut }) => role === 'system' && leftOut)) return;
  throw new HoldfastError('E_TEMPLATE', 'the chat template leaves out the system message', {
    hint: 'Some models were made without one: put the words into the first user message. Some templates write it only where the user speaks last: end the dialogue there',
  });
}

/** 0 for the system message and whatever stands before the first user message; each user message opens the next. */
function turnsOf(messages: readonly Message[]): number[] {
  let turn = 0;
  return messages.map(({ role }) => {
    if (role === 'user') turn++;
    return role === 'system' ? 0 : turn;
  });
}

/**
 * Characters to tokens. A content takes every token it has a character in, unless an earlier content has it; a
 * message takes, of the template's tokens, those that begin in it. The first token, the sink, is nobody's.
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
    // Without characters it holds no token, not even one that reaches over its place.
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

/** Cuts all tokens into spans: each message's header, content and tail, and the template's own text between them. */
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
