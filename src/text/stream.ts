import type { Decoder } from './decoders.js';

/** How ids are decoded. */
export interface DecodeOptions {
  /** Leave out control tokens, and ids that no token has. */
  readonly skipSpecial?: boolean;
  /** The ids begin in the middle of a text: a space that decoding removes at the start of a text stays. */
  readonly inMiddle?: boolean;
}

/** Decodes ids that arrive one by one. */
export interface StreamDecoder {
  /**
   * Returns the text that is certain with this id, whatever follows: possibly empty, never half a character. Text of
   * SentencePiece's byte tokens is held back until another token follows, because one invalid byte changes all of it.
   * @throws HoldfastError `E_TOKEN_RANGE` for an id outside the vocabulary; `E_TOKENIZER` if tokens would become a far longer text
   */
  push(id: number): string;
  /**
   * Ends the stream. Returns the text that was held back, with U+FFFD for an incomplete character.
   * @throws HoldfastError `E_TOKENIZER` as `push`
   */
  finish(): string;
}

/** Creates a decoder whose pieces join to `tokenizer.decode` of all ids. */
export function createStreamDecoder(
  tokenizer: { decoder: Decoder; token(id: number): string; isSpecial(id: number): boolean },
  { skipSpecial = false, inMiddle = false }: DecodeOptions = {},
): StreamDecoder {
  const stream = tokenizer.decoder.start(!inMiddle);
  return {
    push: (id) => (skipSpecial && tokenizer.isSpecial(id) ? '' : stream.push(tokenizer.token(id))),
    finish: () => stream.finish(),
  };
}
