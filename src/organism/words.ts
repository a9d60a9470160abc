import type { Grammar } from './grammar.js';

/** The words of a text: runs of letters a–z and digits, in small letters. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** What an answer says: the value behind the grammar's JSON wrapper, or all of it where there is none. */
export function contentOf({ families }: Grammar, answer: string): string {
  for (const { effect } of Object.values(families)) {
    const inside = effect?.kind === 'json' ? behindKey(answer, effect.key) : null;
    if (inside !== null) return inside;
  }
  return answer;
}

/** The value of a JSON object that has this key alone, and a text that is not blank behind it; null for all else. */
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
