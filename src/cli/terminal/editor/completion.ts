import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';

/** What a text can be completed with. */
export interface Completion {
  /** Index at which the candidates begin; they replace the text from there to the cursor. */
  readonly start: number;
  readonly candidates: readonly string[];
}

/** Completes the word that begins at `start`: keeps the names that begin like it, each followed by a space. */
export function completeName(before: string, start: number, names: readonly string[]): Completion {
  const word = before.slice(start);
  return { start, candidates: names.filter((name) => name.startsWith(word)).map((name) => `${name} `) };
}

/** Completes the path that begins at `start`. Folders end in a slash. */
export function completePath(before: string, start: number): Completion {
  const path = before.slice(start);
  const slash = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, slash).replace(/^~(?=\/)/, homedir());
  const begun = path.slice(slash);
  try {
    const entries = readdirSync(folder === '' ? '.' : folder, { withFileTypes: true });
    const candidates = entries
      .filter(({ name }) => name.startsWith(begun) && (begun !== '' || !name.startsWith('.')))
      .map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
    return { start: start + slash, candidates };
  } catch {
    // A folder that cannot be read completes nothing; the command itself says why.
    return { start, candidates: [] };
  }
}

/** Returns the longest text that all of these begin with. */
export function commonStart(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const text of others) {
    while (!text.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}
