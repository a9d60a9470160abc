import { HoldfastError } from '../errors.js';

/**
 * How long the components of a tokenizer may make a text together, in UTF-16 units. The longest that one of Unicode's own forms
 * makes of a character is 18 (NFKD of U+FDFA), and GPT-2's alphabet makes 3. Without a limit, a sequence of 40 components, each of
 * which doubles a text, would take all memory.
 */
const MOST_TIMES = 64;
/** An empty token may become a few characters, such as a space. */
const MOST_MORE = 16;

/**
 * Refuses a text that has become far longer than the one that it was made from. It is asked while a text grows, too.
 * @param length of what it has become
 * @throws HoldfastError `E_TOKENIZER`
 */
export type CheckLength = (length: number) => void;

/**
 * Returns what makes such checks.
 * @param field the field of the `tokenizer.json` whose components change the text
 */
export const growthBy =
  (field: 'normalizer' | 'pre_tokenizer' | 'decoder', file: string) =>
  (from: number): CheckLength =>
  (length) => {
    if (length <= MOST_TIMES * from + MOST_MORE) return;
    throw new HoldfastError(
      'E_TOKENIZER',
      `${from} characters become more than ${MOST_TIMES} times as many and ${MOST_MORE}`,
      { file, field, hint: 'Check that the file was published with this model' },
    );
  };
