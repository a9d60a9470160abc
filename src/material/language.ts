import { FREQUENT_WORDS } from './frequent-words.js';
import type { Language } from './rule.js';
import { normalize, wordsIn } from './words.js';

type LatinLanguage = keyof typeof FREQUENT_WORDS;

/** Letters of the languages that are recognised by their script. */
const SCRIPTS: Record<Exclude<Language, LatinLanguage>, RegExp> = {
  ru: /\p{sc=Cyrl}/gu,
  el: /\p{sc=Grek}/gu,
  ja: /[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}]/gu,
  zh: /\p{sc=Han}/gu,
  ko: /\p{sc=Hang}/gu,
  ar: /\p{sc=Arab}/gu,
};
const KANA = /[\p{sc=Hira}\p{sc=Kana}]/u;

/** Fraction of the letters that must be in the language's script. */
const ENOUGH = 0.8;
/** Frequent words of another language allowed for each frequent word of the expected one. */
const TOLERATED = 1 / 3;

/** Scores whether an answer is in a language: 1, 0, or 0.5 if too few words show it (see the rule `language`). */
export function languageScore(is: Language, answer: string): number {
  const text = normalize(answer).toLowerCase();
  const letters = (text.match(/\p{L}/gu) ?? []).length;
  if (letters === 0) return 1;
  if (!isLatin(is)) {
    const own = (text.match(SCRIPTS[is]) ?? []).length / letters;
    const kanaFits = is === 'ja' ? KANA.test(text) : is !== 'zh' || !KANA.test(text);
    return own >= ENOUGH && kanaFits ? 1 : 0;
  }
  if ((text.match(/\p{sc=Latn}/gu) ?? []).length / letters < ENOUGH) return 0;
  const words = wordsIn(text).flatMap((word) => word.split(/['-]/));
  const own = FREQUENT_WORDS[is];
  const hits = words.filter((word) => own.has(word)).length;
  const rivals = Object.values(FREQUENT_WORDS).map(
    (list) => words.filter((word) => list.has(word) && !own.has(word)).length,
  );
  const most = Math.max(...rivals);
  if (hits === 0 && most === 0) return 0.5;
  return hits > 0 && most <= hits * TOLERATED ? 1 : 0;
}

const isLatin = (language: Language): language is LatinLanguage => Object.hasOwn(FREQUENT_WORDS, language);
