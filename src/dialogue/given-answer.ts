import { type ChatFormat, layoutDialogue, type Tokenizer, wordsAt } from '../text/index.js';
import { layoutPrompt, type Prompt, type PromptMessage, type PromptOptions } from './prompt.js';

/** A given answer, laid out as if the model had generated it. */
export interface GivenAnswer {
  /** The prompt that a chat would have answered: it ends with the header that opens the answer. */
  readonly prompt: Prompt;
  /** The answer's tokens. They follow the prompt directly. */
  readonly ids: readonly number[];
  /** The tokens that a model would have chosen: those of the answer and the one that ends the turn. */
  readonly chosen: readonly number[];
}

/**
 * Lays out a dialogue up to a given answer as a chat has it: the prompt, which ends with the header of the answer, and the
 * answer's tokens. A dialogue that ends with an answer may look different. Some templates write more in front of the answer
 * (an empty think block, a space), and some write the system message only if the last message is the user's.
 *
 * The answer's tokens are those that decode to it, because a chat decodes the sampled tokens on their own. No token spans
 * the header and the answer. The turn ends with the first end-of-turn token that the template writes after the answer;
 * if there is none, only the answer's tokens are chosen.
 * @param messages the dialogue before the answer, a user message last
 * @param sampled the tokens that a chat chose for this answer, if they are known; used if they are tokens of this tokenizer
 * that decode to the answer, or begin with it where a stop string ended it
 * @throws HoldfastError what {@link layoutPrompt} throws
 */
export function layoutAnswer(
  format: ChatFormat,
  messages: readonly PromptMessage[],
  answer: string,
  options: PromptOptions,
  sampled?: readonly number[],
): GivenAnswer {
  const { tokenizer, guarded } = format;
  const prompt = layoutPrompt(format, messages, options);
  if (sampled !== undefined && decodesTo(tokenizer, sampled, answer)) {
    const endsTurn = tokenizer.endOfTurnIds.includes(sampled.at(-1)!);
    return { prompt, ids: endsTurn ? sampled.slice(0, -1) : sampled, chosen: sampled };
  }
  // The answer in a chat's next prompt. Here the same user message stands for the next one.
  const next = [...messages, { role: 'assistant', content: answer }, messages.at(-1)!] as const;
  const layout = layoutDialogue(format, next, { ...options, addGenerationPrompt: true });
  // A template may omit the answer; a chat does not notice.
  const place = layout.messages[messages.length]!.places.at(-1);
  const words = place === undefined ? { start: 0, end: 0 } : wordsAt(place);
  const written = layout.ids.slice(words.start, words.end);
  const encoded = tokenizer.encode(answer, { special: options.trustContent });
  // SentencePiece puts a space before a text or not, depending on what precedes it; only the layout shows which. But a
  // layout guards against words such as <think> in messages, and a model samples them as one token.
  const isAsWritten =
    tokenizer.decode(written, { skipSpecial: true }) === answer && !encoded.some((id) => guarded.has(id));
  const ids = isAsWritten ? written : encoded;
  const tail = layout.ids.slice(words.end, place?.end ?? 0);
  const ending = tail.find((id) => tokenizer.endOfTurnIds.includes(id));
  return { prompt, ids, chosen: ending === undefined ? ids : [...ids, ending] };
}

/** Whether a chat with this tokenizer that samples these tokens shows this answer. Another tokenizer's tokens do not. */
function decodesTo(tokenizer: Tokenizer, sampled: readonly number[], answer: string): boolean {
  if (sampled.length === 0 || sampled.some((id) => id >= tokenizer.vocabSize)) return false;
  const text = tokenizer.decode(sampled, { skipSpecial: true });
  return text === answer || (answer !== '' && text.startsWith(answer));
}
