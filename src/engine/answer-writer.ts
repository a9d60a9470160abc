import { createStreamDecoder, type Tokenizer } from '../text/index.js';
import { createStopFilter } from './stop-strings.js';

/** Turns the ids of an answer into text that can be shown as it comes. */
export interface AnswerWriter {
  /**
   * @param id null for a token that ends the answer and is not a part of it
   * @param last whether nothing follows, so that what was held back comes out
   * @returns the text that has become certain, and whether a stop string ended it
   */
  write(id: number | null, last: boolean): { readonly text: string; readonly stopped: boolean };
  /** What is held back, when the answer is cut off. */
  rest(): string;
}

/** Control tokens within an answer have no text. Without a tokenizer nothing has. */
export function createAnswerWriter(tokenizer: Tokenizer | null, stops: readonly string[]): AnswerWriter {
  if (tokenizer === null) return { write: () => ({ text: '', stopped: false }), rest: () => '' };
  const decoder = createStreamDecoder(tokenizer, { skipSpecial: true });
  const filter = createStopFilter(stops);
  return {
    write(id, last) {
      const piece = (id === null ? '' : decoder.push(id)) + (last ? decoder.finish() : '');
      const { text, stopped } = filter.push(piece);
      return { text: last && !stopped ? text + filter.finish() : text, stopped };
    },
    rest: () => filter.push(decoder.finish()).text + filter.finish(),
  };
}
