import { normalize, wordsIn } from './words.js';

/** Control characters but for line ends and tabs, replacement characters, and what no character is assigned to. */
const BROKEN = /[\p{Cn}\p{Co}\p{Cs}\uFFFD]|(?![\n\r\t])\p{Cc}/gu;
/** Share of n-grams that may be repeats at no cost. */
const FREE = 0.2;

/**
 * How far a text reads like language rather than like a stuck or broken model, 0…1, in any language: its novelty in
 * 3-grams of words (in scripts without spaces each character is a word) or in 8-grams of characters, whichever is less,
 * times the share of its characters that are not broken. Novelty is the share of n-grams that repeat no earlier one,
 * scaled so that a fifth of repeats costs nothing: lists and refrains repeat themselves. Empty: 0. It sees loops and
 * debris, not grammar or sense.
 */
export function fluency(answer: string): number {
  const text = normalize(answer).trim();
  if (text === '') return 0;
  const broken = (text.match(BROKEN) ?? []).length;
  const folded = text.toLowerCase();
  const novelty = Math.min(noveltyOf(wordsIn(folded), 3), noveltyOf([...folded.replace(/\s+/g, ' ')], 8));
  return novelty * (1 - broken / [...text].length);
}

/** 1 for a sequence whose n-grams repeat little, falling in proportion to 0 for one that says a single n-gram. */
function noveltyOf(units: readonly string[], n: number): number {
  const grams = units.slice(n - 1).map((_, start) => units.slice(start, start + n).join('\0'));
  if (grams.length < 2) return 1;
  const repeats = 1 - (new Set(grams).size - 1) / (grams.length - 1);
  return repeats <= FREE ? 1 : (1 - repeats) / (1 - FREE);
}
