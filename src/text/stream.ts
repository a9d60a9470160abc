import type { Tokenizer } from './tokenizer.js';

/** Turns ids that arrive one by one into text. */
export interface StreamDecoder {
  /**
   * The text that this id completes: possibly none, never half a character.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
   */
  push(id: number): string;
  /** What was held back: the replacement character for a character that never became complete. Ends the stream. */
  finish(): string;
}

/** A decoder whose pieces, joined, are `tokenizer.decode` of all ids. */
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
