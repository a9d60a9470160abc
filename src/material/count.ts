import { linesIn, normalize, saysAnything, wordsIn } from './words.js';

/** A unit that the rule `count` counts in an answer. */
export type Countable =
  | 'sentences'
  | 'words'
  | 'lines'
  | 'paragraphs'
  | 'bullets'
  | 'steps'
  | 'questions'
  | 'characters';

const BULLET = /^[-*•]\s+\S/u;
const STEP = /^\d{1,3}[.)]\s+\S/u;
const MARKER = /^(?:[-*•#>]+|\d{1,3}[.)])\s+/u;
/** Abbreviations: a period after one does not end a sentence. */
const ABBREVIATIONS = new Set(
  'mr mrs ms dr st prof jr sr vs nr approx e.g i.e a.m p.m u.s u.k z.b d.h'.split(' '),
);

const COUNTS: Record<Countable, (answer: string) => number> = {
  sentences: (answer) => sentencesIn(answer).length,
  words: (answer) => wordsIn(answer).length,
  lines: (answer) => linesIn(answer).length,
  paragraphs: (answer) => paragraphsIn(answer).length,
  bullets: (answer) => linesIn(answer).filter((line) => BULLET.test(line)).length,
  steps: (answer) => linesIn(answer).filter((line) => STEP.test(line)).length,
  questions: (answer) => (answer.match(/[?？؟!！]+/g) ?? []).filter((marks) => /[?？؟]/.test(marks)).length,
  characters: (answer) => [...answer.trim()].length,
};

/** A part of an answer that is counted on its own. */
export type Part = 'line' | 'sentence' | 'paragraph';

const PARTS: Record<Part, (answer: string) => string[]> = {
  line: linesIn,
  sentence: sentencesIn,
  paragraph: paragraphsIn,
};

/** Returns the number of units in an answer; the rule `count` defines each unit. */
export const countOf = (of: Countable, answer: string): number => COUNTS[of](normalize(answer));

/** Returns the number of units in each part of an answer. */
export const countsPer = (part: Part, of: Countable, answer: string): number[] =>
  PARTS[part](normalize(answer)).map(COUNTS[of]);

function sentencesIn(answer: string): string[] {
  const joined = answer.replace(/(?<!\n)\n[^\S\n]*(?=\p{Ll})/gu, ' ');
  return linesIn(joined).flatMap((line) => sentencesOf(line.replace(MARKER, '')));
}

function paragraphsIn(answer: string): string[] {
  return answer.split(/\r?\n[^\S\n]*\r?\n/).filter((part) => part.trim() !== '');
}

/** Splits one line at sentence marks. Text after the last mark is a sentence too. */
function sentencesOf(line: string): string[] {
  const sentences: string[] = [];
  let from = 0;
  for (const match of line.matchAll(/[.!?…。！？।؟]+["')\]*_»]*(?=\s|$)|[。！？]+/gu)) {
    if (match[0] === '.' && endsNothing(line.slice(from, match.index))) continue;
    const end = match.index + match[0].length;
    if (/(?:\.\.|…)$|["')\]*_»]$/u.test(match[0]) && /^\s+\p{Ll}/u.test(line.slice(end))) continue;
    sentences.push(line.slice(from, end));
    from = end;
  }
  return [...sentences, line.slice(from)].filter(saysAnything);
}

/** Returns whether a period after this text belongs to an abbreviation or an initial. */
function endsNothing(before: string): boolean {
  const word = /[\p{L}\p{N}.]+$/u.exec(before)?.[0] ?? '';
  return /^(?![IA]$)\p{Lu}$/u.test(word) || ABBREVIATIONS.has(word.toLowerCase());
}
