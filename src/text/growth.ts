import { HoldfastError } from '../errors.js';

/**
 * How long the components of a tokenizer may make a text together, in UTF-16 units. The longest that one of Unicode's own forms
 * makes of a character is 18 (NFKD of U+FDFA), and GPT-2's alphabet makes 3. Without a limit, a sequence of 40 components, each of
 * which doubles a text, would take all memory.
 */
const MOST_TIMES = 64;
const MOST_MORE = 1024;

/**
 * Refuses a text that has become far longer.
 * @throws HoldfastError `E_TOKENIZER`
 */
export type CheckGrowth = (from: number, to: number) => void;

/** @param field the field of the `tokenizer.json` whose components change the text */
export const checkGrowthBy =
  (field: 'normalizer' | 'pre_tokenizer' | 'decoder', file: string): CheckGrowth =>
  (from, to) => {
    if (to <= MOST_TIMES * from + MOST_MORE) return;
    const most = `${MOST_TIMES} times as many and ${MOST_MORE}`;
    throw new HoldfastError('E_TOKENIZER', `${from} characters become more than ${most}`, {
      file,
      field,
      hint: 'Its components repeat a text again and again: check that the file was published with this model',
    });
  };
