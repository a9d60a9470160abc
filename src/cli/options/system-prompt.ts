import { existsSync, statSync } from 'node:fs';
import { HoldfastError } from '../../errors.js';
import { readText } from '../../files/index.js';

/**
 * Checks that a system prompt is no file name, as other programs take one.
 * @throws HoldfastError `E_USAGE` for `@file` and for the name of a file that exists
 */
export function checkedSystem(text: string): string {
  const isFile = /^@\S+$/.test(text) || (existsSync(text) && statSync(text).isFile());
  if (!isFile) return text;
  const file = text.replace(/^@/, '');
  throw new HoldfastError('E_USAGE', `the system prompt is taken as it is written, and ${text} is a file`, {
    hint: `To take it from the file, start with --system-file ${file}`,
  });
}

/**
 * Returns the system prompt that the command line gives; undefined if it gives none.
 * @throws HoldfastError `E_USAGE` as {@link checkedSystem}; what {@link readSystemFile} throws
 */
export async function readSystem({
  system,
  systemFile,
}: {
  readonly system?: string;
  readonly systemFile?: string;
}): Promise<string | undefined> {
  if (systemFile !== undefined) return readSystemFile(systemFile);
  return system === undefined ? undefined : checkedSystem(system);
}

/**
 * Returns the system prompt in a file, without the white space around it.
 * @throws HoldfastError `E_USAGE` for a blank file; what reading it throws
 */
export async function readSystemFile(systemFile: string): Promise<string> {
  const text = (await readText(systemFile)).trim();
  if (text !== '') return text;
  throw new HoldfastError('E_USAGE', 'the file with the system prompt is blank', { file: systemFile });
}
