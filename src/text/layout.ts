import { HoldfastError } from '../errors.js';
import { isSpace } from '../jinja/index.js';
import type { CharRange } from './added-tokens.js';
import { placeBorders } from './borders.js';
import type { ChatFormat } from './chat-format.js';
import type { EncodedText } from './encoded-text.js';
import type { TemplateMessage } from './message.js';
import type { Moment } from './moment.js';
import { piecesByMessage, type WordPlace, wordPlaces } from './places.js';
import type { Span, SpanRole, TokenRange } from './span.js';
import type { Rendering } from './template.js';

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

/** The tokens of a message at one place. A message has two places if another message's words are between its own. */
export interface MessagePlace extends TokenRange {
  /**
   * The message's own words: disjoint, ascending; one empty range where they would be if there are none. `[start, end)`
   * also includes the template's text around and between them (header and tail), but not the sink.
   */
  readonly content: readonly TokenRange[];
}

/** A message in a rendered dialogue. */
export interface MessageLayout {
  readonly role: TemplateMessage['role'];
  readonly turn: number;
  /** Where the template writes the message, in order: usually one place, none if it omits the message. */
  readonly places: readonly MessagePlace[];
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
  /** In the order of the messages. */
  readonly messages: MessageLayout[];
  /** The ranges of `text` that are each message's words, ascending. */
  readonly contentChars: (readonly CharRange[])[];
}

/**
 * Renders a dialogue with a model's chat template and assigns every token to a message or to the template.
 *
 * The ids equal those of transformers' `apply_chat_template`, unless a message contains the text of a control token
 * (see `trustContent`). The template's interpreter follows the words of every message, so they are found wherever the
 * template writes them: trimmed, cut, in another message, or more than once. A token with characters of both a message's
 * words and the template belongs to the words, so that no word is missing from its span. A token with the words of two
 * messages belongs to the first.
 * @throws HoldfastError `E_TEMPLATE` if the template refuses the dialogue or writes nothing; `E_DIALOGUE` if there are no
 * messages; `E_SPANS` if the tokenizer does not know characters of the text
 */
export function layoutDialogue(
  format: ChatFormat,
  messages: readonly TemplateMessage[],
  options: LayoutOptions,
): DialogueLayout {
  const { tokenizer, template, specialTokens } = format;
  if (messages.length === 0) throw new HoldfastError('E_DIALOGUE', 'a dialogue needs at least one message');
  const { now } = options;
  const renderWith = (dialogue: readonly TemplateMessage[], addGenerationPrompt: boolean): Rendering =>
    template.renderWords(dialogue, { addGenerationPrompt, specialTokens, now });
  const rendering = renderWith(messages, options.addGenerationPrompt);
  const { text } = rendering;
  if (text === '') {
    throw new HoldfastError('E_TEMPLATE', 'the chat template writes nothing for this dialogue', {
      file: template.name,
    });
  }
  const pieces = piecesByMessage(rendering, messages.length);
  const places = wordPlaces(pieces);
  const borders = placeBorders(
    (dialogue) => renderWith(dialogue, false),
    messages,
    text,
    places,
    options.addGenerationPrompt,
  );
  const plain = options.trustContent === true ? [] : rendering.words.filter(({ start, end }) => end > start);
  const encoded = tokenizer.encodeParts(text, { plain, guarded: format.guarded });

  const found = tokenPlaces(encoded, places, borders);
  const placesOf = messages.map((): MessagePlace[] => []);
  for (const { message, place } of found) placesOf[message]!.push(place);
  const turns = turnsOf(messages);
  const layouts = messages.map(({ role, content }, index): MessageLayout => {
    const leftOut = ![...content].every(isSpace) && pieces[index]!.every(({ start, end }) => start === end);
    return { role, turn: turns[index]!, places: placesOf[index]!, leftOut };
  });
  const spans = spansOf(layouts, found, encoded.ids.length);
  return { text, now, ids: encoded.ids, spans, messages: layouts, contentChars: [...pieces] };
}

/**
 * Checks that the template wrote the words of system messages and of tools. A system message that it omits has no share to
 * measure or change; without a tool's message, an answer would be to another dialogue. Templates may shorten other messages:
 * some leave out earlier thoughts.
 * @throws HoldfastError `E_TEMPLATE` if the template omits one
 */
export function requireWritten({ messages }: Pick<DialogueLayout, 'messages'>): void {
  const index = messages.findIndex(({ role, leftOut }) => leftOut && (role === 'system' || role === 'tool'));
  if (index < 0) return;
  if (messages[index]!.role === 'tool') {
    throw new HoldfastError('E_TEMPLATE', 'the chat template omits the message of a tool', {
      field: `messages.${index}`,
      hint: 'Use a model whose template knows tools, or put the result into a user message',
    });
  }
  throw new HoldfastError('E_TEMPLATE', 'the chat template omits the system message', {
    hint: 'Put its words into the first user message if the model has no system messages. End the dialogue with a user message if the template writes it only there',
  });
}

/**
 * Returns the place where a template writes a message; the last one if there are several.
 * @throws HoldfastError `E_TEMPLATE` if the template omits it
 */
export function placeOf({ role, places }: MessageLayout): MessagePlace {
  const place = places.at(-1);
  if (place !== undefined) return place;
  throw new HoldfastError('E_TEMPLATE', `the chat template omits a message (${role})`);
}

/** Returns the tokens from the first to the last of a message's words at one place. */
export function wordsAt({ content }: MessagePlace): TokenRange {
  return { start: content[0]!.start, end: content.at(-1)!.end };
}

/** Returns each message's turn: 0 up to the first user message; each user message opens the next turn. */
function turnsOf(messages: readonly TemplateMessage[]): number[] {
  let turn = 0;
  return messages.map(({ role }) => {
    if (role === 'user') turn++;
    return role === 'system' ? 0 : turn;
  });
}

interface FoundPlace {
  /** The index of the message. */
  readonly message: number;
  readonly place: MessagePlace;
}

/**
 * Converts places in the text to places among the tokens. A piece of words gets every token that contains one of its
 * characters, unless an earlier piece has it. A place also gets the template's tokens that begin in it. The first token,
 * the sink, belongs to no message.
 */
function tokenPlaces(
  encoded: EncodedText,
  places: readonly WordPlace[],
  borders: readonly CharRange[],
): FoundPlace[] {
  const tokens = encoded.ids.length;
  let taken = Math.min(1, tokens);
  const words = places.map(({ pieces }) =>
    pieces.map(({ start, end }): TokenRange => {
      const first = encoded.cut(start);
      // Empty words have no token, not even one that spans their position.
      const from = Math.max(taken, start === end ? first.after : first.before);
      taken = Math.max(from, start === end ? from : encoded.cut(end).after);
      return { start: from, end: taken };
    }),
  );
  let begin = Math.min(1, tokens);
  return places.map(({ message }, i) => {
    const own = words[i]!;
    const { start: first } = own[0]!;
    const limit = words[i + 1]?.at(0)?.start ?? tokens;
    const start = i === 0 ? clamp(encoded.cut(borders[i]!.start).after, begin, first) : begin;
    begin = clamp(encoded.cut(borders[i]!.end).after, own.at(-1)!.end, limit);
    return { message, place: { start, end: begin, content: own } };
  });
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Cuts all tokens into spans: each message's header, words and tail, and the template's text between messages. */
function spansOf(layouts: readonly MessageLayout[], found: readonly FoundPlace[], tokens: number): Span[] {
  const spans: Span[] = [];
  let at = 0;
  const push = (end: number, role: SpanRole, turn: number): void => {
    if (end <= at) return;
    spans.push({ start: at, end, role, turn });
    at = end;
  };
  push(Math.min(1, tokens), 'sink', 0);
  for (const { message, place } of found) {
    const { role, turn } = layouts[message]!;
    push(place.start, 'template', 0); // what the template writes before the first message
    for (const { start, end } of place.content) {
      push(start, 'template', turn);
      push(end, role === 'tool' ? 'user' : role, turn);
    }
    push(place.end, 'template', turn);
  }
  push(tokens, 'template', layouts.filter(({ role }) => role === 'user').length);
  return spans;
}
