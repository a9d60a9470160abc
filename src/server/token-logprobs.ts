import type { TokenProbability } from '../engine/index.js';
import type { Tokenizer } from '../text/index.js';

/** A token and its log probability, as the OpenAI API reports them. */
export interface TokenLogprob {
  /** The token's text; U+FFFD stands for bytes that are only part of a character. */
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** A token of an answer, with the most probable tokens in its place. */
export interface ChosenLogprob extends TokenLogprob {
  readonly top_logprobs: readonly TokenLogprob[];
}

/** JSON has no −∞. */
const LEAST = -9999;

const SPACE = 0x20;

/** Reports the tokens of an answer, each together with the piece of text in which it is complete. */
export interface LogprobWriter {
  /**
   * Takes a token and the text that it made certain.
   * @returns the tokens whose bytes are in the text so far and were not returned before
   */
  write(
    step: TokenProbability & { readonly topLogProbabilities: readonly TokenProbability[] },
    text: string,
  ): ChosenLogprob[];
  /** Returns the tokens that are left at the end of the answer. */
  rest(): ChosenLogprob[];
}

/**
 * Creates a writer for an answer. The bytes of its tokens join to the answer's text: a token that is half a character is
 * returned with the rest of the character, and tokens without text are left out. Where a stop string ended the text, the
 * tokens end with the one in which the text ends.
 */
export function createLogprobWriter(tokenizer: Tokenizer): LogprobWriter {
  const waiting: ChosenLogprob[] = [];
  let isFirst = true;
  let shown = 0;
  let reported = 0;
  const take = (within: number): ChosenLogprob[] => {
    const ready: ChosenLogprob[] = [];
    while (waiting.length > 0 && reported + waiting[0]!.bytes.length <= within) {
      const next = waiting.shift()!;
      reported += next.bytes.length;
      ready.push(next);
    }
    return ready;
  };
  return {
    write({ topLogProbabilities, ...chosen }, text) {
      shown += Buffer.byteLength(text);
      if (!tokenizer.isSpecial(chosen.id)) {
        const start = isFirst;
        isFirst = false;
        waiting.push({
          ...logprobOf(tokenizer, chosen, start),
          top_logprobs: topLogProbabilities.map((each) => logprobOf(tokenizer, each, start)),
        });
      }
      return take(shown);
    },
    rest: () => (reported < shown ? waiting.splice(0, 1) : []),
  };
}

/** @param start whether the token begins the answer, where decoding may remove a space */
function logprobOf(
  tokenizer: Tokenizer,
  { id, logProbability }: TokenProbability,
  start: boolean,
): TokenLogprob {
  const own = tokenizer.tokenBytes(id);
  const text = tokenizer.decode([id], { inMiddle: !start });
  const loses = start && own[0] === SPACE && !text.startsWith(' ');
  return {
    token: text,
    logprob: Number.isFinite(logProbability) ? logProbability : LEAST,
    bytes: [...(loses ? own.subarray(1) : own)],
  };
}
