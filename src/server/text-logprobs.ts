import { StringDecoder } from 'node:string_decoder';
import type { ChosenLogprob, TokenLogprob } from './token-logprobs.js';

/** The log probabilities of a text in the form of the older API. */
export interface TextLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[];
  /** Characters of the answer before each token; for a token inside a character, those before this character. */
  readonly text_offset: number[];
}

/**
 * Returns the log probabilities of a piece of an answer.
 * @param tokens whose bytes join to the piece
 * @param offset characters of the answer before the piece
 */
export function textLogprobs(tokens: readonly ChosenLogprob[], offset: number): TextLogprobs {
  const decoder = new StringDecoder('utf8');
  let at = offset;
  const offsets = tokens.map(({ bytes }) => {
    const before = at;
    at += charactersOf(decoder.write(Buffer.from(bytes)));
    return before;
  });
  return {
    tokens: tokens.map(nameOf),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map((chosen) =>
      Object.fromEntries([...chosen.top_logprobs, chosen].map((each) => [nameOf(each), each.logprob])),
    ),
    text_offset: offsets,
  };
}

/** Returns the number of code points, which is how Python counts characters. */
export const charactersOf = (text: string): number => [...text].length;

/** Returns the text of a token. This API has no field for the bytes of one that is only part of a character. */
function nameOf({ token, bytes }: TokenLogprob): string {
  const own = Buffer.from(bytes);
  if (own.equals(Buffer.from(token))) return token;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
