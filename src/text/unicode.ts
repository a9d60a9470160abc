/** Rust's `char::is_whitespace`, and `\s` of its regular expressions. JavaScript's `\s` differs in U+0085 and U+FEFF. */
export const WHITESPACE = '\\p{White_Space}';
/** `\w` of Rust's regular expressions. */
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';

/**
 * The characters that Unicode 17 added (DerivedAge.txt). The regular expressions of `tokenizers` 0.23 know Unicode 16,
 * those of JavaScript know 17 or, in an older Node, 16.
 */
const ADDED_IN_17 = [
  '\\u088f\\u0c5c\\u0cdc\\u1acf-\\u1add\\u1ae0-\\u1aeb\\u20c1\\u2b96\\ua7ce-\\ua7cf\\ua7d2\\ua7d4',
  '\\ua7f1\\ufbc3-\\ufbd2\\ufd90-\\ufd91\\ufdc8-\\ufdce\\u{10940}-\\u{10959}\\u{10ec5}-\\u{10ec7}',
  '\\u{10ed0}-\\u{10ed8}\\u{10efa}-\\u{10efb}\\u{11b60}-\\u{11b67}\\u{11db0}-\\u{11ddb}',
  '\\u{11de0}-\\u{11de9}\\u{16ea0}-\\u{16eb8}\\u{16ebb}-\\u{16ed3}\\u{16ff2}-\\u{16ff6}',
  '\\u{187f8}-\\u{187ff}\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}\\u{1ccfa}-\\u{1ccfc}',
  '\\u{1ceba}-\\u{1ced0}\\u{1cee0}-\\u{1cef0}\\u{1e6c0}-\\u{1e6de}\\u{1e6e0}-\\u{1e6f5}',
  '\\u{1e6fe}-\\u{1e6ff}\\u{1f6d8}\\u{1f777}-\\u{1f77a}\\u{1f8d0}-\\u{1f8d8}\\u{1fa54}-\\u{1fa57}',
  '\\u{1fa8a}\\u{1fa8e}\\u{1fac8}\\u{1facd}\\u{1faea}\\u{1faef}\\u{1fbfa}\\u{2b73a}-\\u{2b73f}',
  '\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}',
].join('');
const added = new RegExp(`[${ADDED_IN_17}]`, 'gu');

/** Characters that Unicode does not assign, of one and of two UTF-16 units. */
const UNASSIGNED = ['\u0378', '\u{1fffe}'];

/** Returns the text as Unicode 16 knows it, for matching: a newer character becomes an unassigned one of its length. */
export function asInUnicode16(text: string): string {
  return text.replace(added, (character) => UNASSIGNED[character.length - 1]!);
}
