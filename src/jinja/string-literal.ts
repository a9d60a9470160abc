import { TemplateError } from './errors.js';

const LETTERS: Readonly<Record<string, string>> = {
  ...{
    '\n': '',
    '\\': '\\',
    "'": "'",
    '"': '"',
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
  },
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * Returns the text of a string literal as Jinja decodes it: Python's escapes, and a backslash before any other character
 * stays.
 * @throws TemplateError `syntax` for an escape that Python cannot decode
 */
export function unescaped(literal: string, line: number): string {
  if (!literal.includes('\\')) return literal;
  let text = '';
  for (let at = 0; at < literal.length; ) {
    const letter = literal[at + 1] ?? '';
    if (literal[at] !== '\\') {
      text += literal[at];
      at++;
    } else if (letter in HEX_DIGITS) {
      const digits = literal.slice(at + 2, at + 2 + HEX_DIGITS[letter]!);
      const code = Number.parseInt(digits, 16);
      if (!/^[\da-f]+$/i.test(digits) || digits.length < HEX_DIGITS[letter]! || code > 0x10ffff) {
        throw new TemplateError('syntax', `the string has a broken escape: \\${letter}${digits}`, line);
      }
      text += String.fromCodePoint(code);
      at += 2 + digits.length;
    } else if (/[0-7]/.test(letter)) {
      const digits = /^[0-7]{1,3}/.exec(literal.slice(at + 1))![0];
      text += String.fromCodePoint(Number.parseInt(digits, 8));
      at += 1 + digits.length;
    } else if (letter === 'N') {
      throw new TemplateError('unsupported', 'a character by its name (\\N) is not supported', line);
    } else if (letter > '\x7f') {
      // Jinja writes such a character as an escape before it decodes the string, so that two backslashes meet.
      const code = literal.codePointAt(at + 1)!;
      const hex = (width: number): string => code.toString(16).padStart(width, '0');
      text += `\\${code < 0x100 ? `x${hex(2)}` : code < 0x10000 ? `u${hex(4)}` : `U${hex(8)}`}`;
      at += code > 0xffff ? 3 : 2;
    } else {
      text += LETTERS[letter] ?? `\\${letter}`;
      at += 2;
    }
  }
  return text;
}
