import { createStreamDecoder, type Tokenizer } from '../text/index.js';
import { createStopFilter } from './stop-strings.js';

/** Turns the ids of an answer into text while it is generated. */
export interface AnswerWriter {
  /**
   * Takes the next token.
   * @param id null for a token that ends the answer and is not part of it
   * @param last whether this is the last token; if so, text held back is returned too
   * @returns the text that is now certain, and whether a stop string ended the answer
   */
  write(id: number | null, last: boolean): { readonly text: string; readonly stopped: boolean };
  /** Returns the text held back, for an answer that is cut off. */
  rest(): string;
}

/**
 * Creates an answer writer. Control tokens in an answer have no text. Without a tokenizer, all text is empty.
 * @param stops stop strings, none of them empty
 */
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
