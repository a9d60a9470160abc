import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { HoldfastError, readError } from '../../errors.js';
import { whyNoJson } from '../../formats/index.js';

/** The name of standard input in errors. */
const STANDARD_INPUT = 'standard input';

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
  if (path === '-') return { name: STANDARD_INPUT, text: await textOf(process.stdin) };
  try {
    return { name: path, text: await readFile(path, 'utf8') };
  } catch (cause) {
    throw readError(path, cause);
  }
}

/**
 * Parses JSON.
 * @throws HoldfastError `E_UNREADABLE` with line and column when the text is not JSON
 */
export function parseJson({ name, text }: NamedText): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_UNREADABLE', `not JSON: ${whyNoJson(text, cause)}`, { file: name, cause });
  }
}
