import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { HoldfastError, readError } from '../../errors.js';
import { whyNoJson } from '../../formats/index.js';

/** How errors name what `-` reads. */
const STANDARD_INPUT = 'standard input';

/** A file on the command line, or standard input where it is `-`. */
export interface NamedText {
  /** How errors name it. */
  readonly name: string;
  readonly text: string;
}

/** @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE` */
export async function readText(path: string): Promise<NamedText> {
  if (path === '-') return { name: STANDARD_INPUT, text: await textOf(process.stdin) };
  try {
    return { name: path, text: await readFile(path, 'utf8') };
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** @throws HoldfastError `E_UNREADABLE` with line and column where the text is not JSON */
export function parseJson({ name, text }: NamedText): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_UNREADABLE', `not JSON: ${whyNoJson(text, cause)}`, { file: name, cause });
  }
}
