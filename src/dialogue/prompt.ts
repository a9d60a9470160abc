import { hasSystemMessage, resolveTarget, type TargetContext } from '../attention/index.js';
import {
  type ChatFormat,
  type DialogueLayout,
  layoutDialogue,
  type Moment,
  placeOf,
  requireWritten,
  type Span,
  type TemplateMessage,
  type TokenRange,
  wordsAt,
} from '../text/index.js';

/** A message of a dialogue. */
export interface PromptMessage extends TemplateMessage {
  /** The tokens of an answer as sampled; absent for other messages. */
  readonly ids?: readonly number[];
}

/** How a dialogue is laid out; see `LayoutOptions`. */
export interface PromptOptions {
  readonly now: Moment;
  readonly trustContent: boolean;
}

/** A dialogue that is laid out and ready to be answered. */
export interface Prompt extends TargetContext {
  readonly ids: readonly number[];
}

/**
 * Lays out a dialogue up to the header that opens the next answer.
 *
 * An earlier answer keeps the tokens that were sampled instead of those that its text encodes to: a model may write a
 * word in pieces that the tokenizer would not choose, and the cache contains these pieces. The answer is encoded again,
 * and computed again from the first different token, if its tokens cannot be kept: if the template changes the answer's
 * words, a token spans the answer and the template, or the text was cut at a stop string.
 * @throws HoldfastError what `layoutDialogue` throws; `E_TEMPLATE` when the template leaves out a system message, or that of a tool
 */
export function layoutPrompt(
  format: ChatFormat,
  messages: readonly PromptMessage[],
  options: PromptOptions,
): DialogueLayout {
  const layout = layoutDialogue(format, messages, {
    now: options.now,
    trustContent: options.trustContent,
    addGenerationPrompt: true,
  });
  const replacements = messages
    .flatMap(({ ids, content }, index) =>
      ids !== undefined && standsAsSampled(format, layout, index, ids, content)
        ? [{ ...wordsAt(placeOf(layout.messages[index]!)), ids }]
        : [],
    )
    .sort((a, b) => a.start - b.start);

  const pieces: (readonly number[])[] = [];
  let at = 0;
  for (const { start, end, ids: sampled } of replacements) {
    pieces.push(layout.ids.slice(at, start), sampled);
    at = end;
  }
  pieces.push(layout.ids.slice(at));

  const moved = movedIndices(layout.ids.length, replacements);
  const move = <Range extends TokenRange>(range: Range): Range => ({
    ...range,
    start: moved[range.start]!,
    end: moved[range.end]!,
  });
  requireWritten(layout);
  return {
    ...layout,
    ids: pieces.flat(),
    spans: layout.spans.map((span): Span => move(span)),
    messages: layout.messages.map((message) => ({
      ...message,
      places: message.places.map((place) => ({ ...move(place), content: place.content.map(move) })),
    })),
  };
}

/** Returns each token's new index, `[tokens + 1]`, after earlier answers have become longer or shorter. */
function movedIndices(
  tokens: number,
  replacements: readonly (TokenRange & { readonly ids: readonly number[] })[],
): Int32Array {
  let shift = 0;
  let next = 0;
  return Int32Array.from({ length: tokens + 1 }, (_, index) => {
    for (; replacements[next] !== undefined && replacements[next]!.end <= index; next++) {
      const { start, end, ids } = replacements[next]!;
      shift += ids.length - (end - start);
    }
    return index + shift;
  });
}

/**
 * Returns the length of the beginning that does not depend on the user's messages: the prefix, up to the first token of
 * another message. 0 without a system message.
 */
export function sharedLength(prompt: TargetContext): number {
  return hasSystemMessage(prompt) ? resolveTarget({ kind: 'prefix' }, prompt)[0]!.end : 0;
}

/** Returns the number of tokens before the last message and its header: those of all earlier turns. */
export function pastLength({ messages }: Pick<Prompt, 'messages'>): number {
  return messages.at(-1)?.places[0]?.start ?? 0;
}

/**
 * Returns the tokens of a dialogue without its system message, header included, and without the default system message
 * of the template: the dialogue begins with the first user header. A BOS token is kept.
 * @throws HoldfastError what {@link layoutPrompt} throws
 */
export function layoutWithoutSystem(
  format: ChatFormat,
  messages: readonly PromptMessage[],
  options: PromptOptions,
): readonly number[] {
  const spoken = messages.filter(({ role }) => role !== 'system');
  const { ids, spans } = layoutPrompt(format, spoken, options);
  const header = spans.find(({ turn }) => turn > 0)!.start;
  // The first token belongs to no message. If the header follows directly, nothing has to be removed.
  if (header <= 1) return ids;
  const [sink] = ids;
  const stays = sink === format.tokenizer.bos?.id && sink !== ids[header];
  return stays ? [sink!, ...ids.slice(header)] : ids.slice(header);
}

function standsAsSampled(
  { tokenizer }: ChatFormat,
  layout: DialogueLayout,
  index: number,
  ids: readonly number[],
  content: string,
): boolean {
  const { places } = layout.messages[index]!;
  const chars = layout.contentChars[index]!;
  // An answer that the template writes in pieces, or more than once, has no one range of tokens.
  if (places.length !== 1 || chars.length !== 1) return false;
  const { start, end } = wordsAt(places[0]!);
  const written = layout.text.slice(chars[0]!.start, chars[0]!.end);
  return (
    end > start &&
    ids.length > 0 &&
    (written === content || written === content.trim()) &&
    tokenizer.decode(layout.ids.slice(start, end)) === written &&
    tokenizer.decode(ids, { skipSpecial: true }) === content
  );
}
