import { normalize } from './normal-form.js';
import { wordsIn } from './words.js';

/** Control characters other than line breaks and tabs, replacement characters, and unassigned code points. */
const BROKEN = /[\p{Cn}\p{Co}\p{Cs}\uFFFD]|(?![\n\r\t])\p{Cc}/gu;
/** Fraction of repeated n-grams that costs nothing. */
const FREE = 0.2;

/**
 * Scores a text in any language from 0 (a looping or broken model) to 1 (normal text). The score is its novelty times
 * the fraction of its characters that are not broken. Novelty is the fraction of n-grams that repeat no earlier one,
 * scaled so that a fifth of repeats costs nothing, because lists and refrains repeat themselves; it is the lower of the
 * novelty of word 3-grams (in scripts without spaces each character is a word) and of character 8-grams. An empty text
 * scores 0. The score sees loops and broken characters, not grammar or sense.
 */
export function fluency(answer: string): number {
  const text = normalize(answer).trim();
  if (text === '') return 0;
  const broken = (text.match(BROKEN) ?? []).length;
  const folded = text.toLowerCase();
  const novelty = Math.min(noveltyOf(wordsIn(folded), 3), noveltyOf([...folded.replace(/\s+/g, ' ')], 8));
  return novelty * (1 - broken / [...text].length);
}

/** Returns 1 for a sequence with few repeated n-grams, falling linearly to 0 for one that repeats a single n-gram. */
function noveltyOf(units: readonly string[], n: number): number {
  const grams = units.slice(n - 1).map((_, start) => units.slice(start, start + n).join('\0'));
  if (grams.length < 2) return 1;
  const repeats = 1 - (new Set(grams).size - 1) / (grams.length - 1);
  return repeats <= FREE ? 1 : (1 - repeats) / (1 - FREE);
}
