import { CHINESE_ONLY, FREQUENT_WORDS, JAPANESE_ONLY } from './frequent-words.js';
import { normalize } from './normal-form.js';
import type { Language } from './rule.js';
import { wordsIn } from './words.js';

type LatinLanguage = keyof typeof FREQUENT_WORDS;

/**
 * Letters of the languages that are recognised by their script. Script extensions include letters that several scripts
 * share, such as the ー of コーヒー.
 */
const SCRIPTS: Record<Exclude<Language, LatinLanguage>, RegExp> = {
  ru: /(?=\p{L})\p{scx=Cyrl}/gu,
  el: /(?=\p{L})\p{scx=Grek}/gu,
  ja: /(?=\p{L})[\p{scx=Hira}\p{scx=Kana}\p{scx=Han}]/gu,
  zh: /(?=\p{L})\p{scx=Han}/gu,
  ko: /(?=\p{L})[\p{scx=Hang}\p{scx=Han}]/gu,
  ar: /(?=\p{L})\p{scx=Arab}/gu,
};
const KANA = /[\p{sc=Hira}\p{sc=Kana}]/u;
const HANGUL = /\p{sc=Hang}/u;

/** Japanese without kana is a name, a date or a short phrase. */
const MOST_WITHOUT_KANA = 12;

/** Fraction of the letters that must be in the language's script. */
const ENOUGH = 0.8;
/** A word of up to three Latin capitals. */
const ACRONYM = /(?<!\p{sc=Latn})[A-Z]{1,3}(?!\p{sc=Latn})/gu;
/** Frequent words of another language allowed for each frequent word of the expected one. */
const TOLERATED = 1 / 3;

/** Scores whether an answer is in a language: 1, 0, or 0.5 if too few words show it (see the rule `language`). */
export function languageScore(is: Language, answer: string): number {
  const text = normalize(answer).toLowerCase();
  const letters = (text.match(/\p{L}/gu) ?? []).length;
  if (letters === 0) return 1;
  if (!isLatin(is)) {
    // Acronyms are part of every language: OK、分かりました。
    const spoken = normalize(answer).replace(ACRONYM, '').match(/\p{L}/gu) ?? [];
    const own = (text.match(SCRIPTS[is]) ?? []).length / spoken.length;
    return own >= ENOUGH && fitsEastAsian(is, text) ? 1 : 0;
  }
  if ((text.match(/\p{sc=Latn}/gu) ?? []).length / letters < ENOUGH) return 0;
  // A letter after an apostrophe is an ending (geht's, don't); before one, it is an elided word (l'an, d'or).
  const words = wordsIn(text).flatMap((word) => word.replace(/'\p{L}$/u, '').split(/['-]/));
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

/**
 * Tells the languages that share Han characters apart. Han characters alone, as in 東京, may be Chinese or Japanese: they
 * are not Japanese if there are many or one of them is only used in Chinese, nor Chinese if one is only used in Japanese.
 */
function fitsEastAsian(is: Language, text: string): boolean {
  if (is === 'ja') {
    const letters = (text.match(/\p{L}/gu) ?? []).length;
    return (
      KANA.test(text) || (letters <= MOST_WITHOUT_KANA && !HANGUL.test(text) && !hasOneOf(CHINESE_ONLY, text))
    );
  }
  if (is === 'zh') return !KANA.test(text) && !HANGUL.test(text) && !hasOneOf(JAPANESE_ONLY, text);
  return is !== 'ko' || HANGUL.test(text);
}

const hasOneOf = (characters: ReadonlySet<string>, text: string): boolean =>
  [...text].some((character) => characters.has(character));
