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
 * Creates what returns the log probabilities of an answer, piece by piece. Their offsets are counted from the tokens themselves:
 * a token may come later than its first characters, where a stop string could have begun inside it.
 */
export function createTextLogprobs(): (tokens: readonly ChosenLogprob[]) => TextLogprobs {
  const decoder = new StringDecoder('utf8');
  let at = 0;
  return (tokens) => ({
    tokens: tokens.map(nameOf),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map((chosen) =>
      Object.fromEntries([...chosen.top_logprobs, chosen].map((each) => [nameOf(each), each.logprob])),
    ),
    text_offset: tokens.map(({ bytes }) => {
      const before = at;
      at += charactersOf(decoder.write(Buffer.from(bytes)));
      return before;
    }),
  });
}

/** Returns the number of code points, which is how Python counts characters. */
const charactersOf = (text: string): number => [...text].length;

/** Returns the text of a token. This API has no field for the bytes of one that is only part of a character. */
function nameOf({ token, bytes }: TokenLogprob): string {
  const own = Buffer.from(bytes);
  if (own.equals(Buffer.from(token))) return token;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
