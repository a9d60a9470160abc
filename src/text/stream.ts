import type { Tokenizer } from './tokenizer.js';

/** Decodes ids that arrive one by one. */
export interface StreamDecoder {
  /**
   * Returns the text that this id completes: possibly empty, never half a character.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary
   */
  push(id: number): string;
  /** Ends the stream. Returns U+FFFD if a character is incomplete, else an empty string. */
  finish(): string;
}

/** Creates a decoder whose pieces join to `tokenizer.decode` of all ids. */
export function createStreamDecoder(
  tokenizer: Tokenizer,
  options: { skipSpecial?: boolean } = {},
): StreamDecoder {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  let atStart = tokenizer.stripsLeadingSpace;
  const emit = (text: string): string => {
    if (!atStart || text === '') return text;
    atStart = false;
    return text.startsWith(' ') ? text.slice(1) : text;
  };
  return {
    push(id) {
      if (options.skipSpecial === true && tokenizer.isSpecial(id)) return '';
      return emit(utf8.decode(tokenizer.tokenBytes(id), { stream: true }));
    },
    finish: () => emit(utf8.decode()),
  };
}
