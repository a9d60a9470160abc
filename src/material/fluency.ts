import { normalize, wordsIn } from './words.js';

/**
 * How far a text reads like language rather than like a stuck or broken model, 0…1, in any language: the share of its
 * n-grams of words that are not repeats (3-grams; words of one character each in scripts without spaces), but never more
 * than the share that 8-grams of characters say, times the share of characters that are no control, replacement or
 * unassigned ones. A text whose repeats are under a fifth loses nothing: lists and refrains repeat themselves. Empty: 0.
 * It sees loops and debris, not grammar or sense.
 */
export function fluency(answer: string): number {
  const text = normalize(answer).trim();
  if (text === '') return 0;
  const characters = [...text];
  const broken = characters.filter((character) =>
    /[\p{Cn}\p{Co}\p{Cs}\uFFFD]|(?![\n\r\t])\p{Cc}/u.test(character),
  ).length;
  const novelty = Math.min(
    noveltyOf(wordsIn(text.toLowerCase()), 3),
    noveltyOf([...text.toLowerCase().replace(/\s+/g, ' ')], 8),
  );
  return novelty * (1 - broken / characters.length);
}

/** Share of repeats that costs nothing. */
const FREE = 0.2;

/** 1 for a sequence whose n-grams repeat little, falling in proportion to 0 for one that says a single n-gram. */
function noveltyOf(units: readonly string[], n: number): number {
  const grams = units.slice(n - 1).map((_, start) => units.slice(start, start + n).join('\0'));
  if (grams.length < 2) return 1;
  const repeats = 1 - (new Set(grams).size - 1) / (grams.length - 1);
  return repeats <= FREE ? 1 : (1 - repeats) / (1 - FREE);
}
