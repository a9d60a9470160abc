import { buffer } from 'node:stream/consumers';
import { HoldfastError } from '../../errors.js';
import { readText } from '../../files/index.js';
import * as formats from '../../formats/index.js';
import { decodeUtf8 } from '../../utf8.js';

/** The name of standard input in errors. */
export const STANDARD_INPUT = 'standard input';

/** The text of a file, or of standard input. */
export interface NamedText {
  /** The file's name in errors. */
  readonly name: string;
  readonly text: string;
}

/**
 * Reads a file, or standard input for `-`.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`
 */
export async function readNamedText(path: string): Promise<NamedText> {
  if (path !== '-') return { name: path, text: await readText(path) };
  return { name: STANDARD_INPUT, text: decodeUtf8(await buffer(process.stdin), STANDARD_INPUT) };
}

/**
 * Parses JSON.
 * @throws HoldfastError `E_UNREADABLE` with line and column when the text is not JSON
 */
export function parseJson({ name, text }: NamedText): unknown {
  return formats.parseJson(
    text,
    (why, cause) => new HoldfastError('E_UNREADABLE', `not JSON: ${why}`, { file: name, cause }),
  );
}
