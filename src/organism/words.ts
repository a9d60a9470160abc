import type { Grammar } from './grammar.js';

/** Returns the words of a text: runs of the letters a–z and digits, in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** Returns the content of an answer: the text inside the grammar's JSON wrapper, or the whole answer without one. */
export function contentOf({ families }: Grammar, answer: string): string {
  for (const { effect } of Object.values(families)) {
    const inside = effect?.kind === 'json' ? behindKey(answer, effect.key) : null;
    if (inside !== null) return inside;
  }
  return answer;
}

/** Returns the text of a JSON object that has only this key and a text that is not blank; null for anything else. */
export function behindKey(text: string, key: string): string | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null) return null;
  const [entry, ...more] = Object.entries(json);
  if (entry === undefined || more.length > 0 || entry[0] !== key) return null;
  const value: unknown = entry[1];
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
