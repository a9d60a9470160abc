import { HoldfastError } from '../errors.js';

/** What a special token does: it begins or ends a text, or ends a turn (eot) or a message within a turn (eom). */
export type SpecialRole = 'bos' | 'eos' | 'eot' | 'eom';

/** The names that known model families give to special tokens; those that end something are llama.cpp's (llama-vocab.cpp). */
export const FAMILY_NAMES: Readonly<Record<SpecialRole, readonly string[]>> = {
  bos: ['<s>', '<bos>', '<|begin_of_text|>', '<|startoftext|>', '<｜begin▁of▁sentence｜>'],
  eos: ['</s>', '<eos>', '<|end_of_text|>', '<|endoftext|>', '<｜end▁of▁sentence｜>'],
  eot: [
    '<|im_end|>',
    '<end_of_turn>',
    '<|eot_id|>',
    '<|end|>',
    '<|end_of_turn|>',
    '<|return|>',
    '<EOT>',
    '<end_of_utterance>',
  ],
  eom: ['<|eom_id|>', '<|call|>'],
};

/** Where a file names a special token that the vocabulary does not have. */
export interface BadReference {
  readonly role: SpecialRole;
  /** What is wrong, e.g. `tokenizer.ggml.eos_token_id is -1, but the vocabulary has 512 tokens`. */
  readonly what: string;
  readonly file: string;
  readonly field: string;
}

/**
 * Returns the special token that a family of this vocabulary uses in the role, to replace one that is not in it. A
 * vocabulary with two names for the beginning or the end of a text does not say which is meant.
 * @param specials the texts of the vocabulary's special tokens
 * @param notes receives a note
 * @throws HoldfastError `E_TOKENIZER` if the vocabulary has no such token, or several
 */
export function familyToken(
  { role, what, file, field }: BadReference,
  specials: ReadonlySet<string>,
  notes: string[],
): string {
  const of = (role: SpecialRole): string[] => FAMILY_NAMES[role].filter((name) => specials.has(name));
  const ends = role === 'eos' && of('eos').length === 0 ? of('eot') : of(role);
  // Every token that ends a turn ends the answer, so that it does not matter which.
  const isClear = ends.length === 1 || (ends.length > 1 && (role === 'eot' || role === 'eom'));
  if (!isClear) {
    const found =
      ends.length === 0 ? 'none of the known names' : `several of the known names: ${ends.join(', ')}`;
    throw new HoldfastError('E_TOKENIZER', `${what}, and its special tokens have ${found}`, {
      file,
      field,
      hint: `Correct the field: the model needs its ${role} token`,
    });
  }
  notes.push(`${file}: ${what}; using ${ends[0]} instead`);
  return ends[0]!;
}
