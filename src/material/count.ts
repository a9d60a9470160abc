import { linesIn, normalize, wordsIn } from './words.js';

/** What can be counted in an answer. */
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
/** A period behind these ends no sentence. */
const ABBREVIATIONS = new Set(
  'mr mrs ms dr st prof jr sr vs no nr approx e.g i.e a.m p.m u.s u.k z.b d.h'.split(' '),
);

const COUNTS: Record<Countable, (answer: string) => number> = {
  sentences: (answer) =>
    linesIn(answer).reduce((sum, line) => sum + sentencesIn(line.replace(MARKER, '')), 0),
  words: (answer) => wordsIn(answer).length,
  lines: (answer) => linesIn(answer).length,
  paragraphs: (answer) => answer.split(/\r?\n[^\S\n]*\r?\n/).filter((part) => part.trim() !== '').length,
  bullets: (answer) => linesIn(answer).filter((line) => BULLET.test(line)).length,
  steps: (answer) => linesIn(answer).filter((line) => STEP.test(line)).length,
  questions: (answer) => (answer.match(/[?？؟!！]+/g) ?? []).filter((marks) => /[?？؟]/.test(marks)).length,
  characters: (answer) => [...answer.trim()].length,
};

/** How many of them an answer has; what counts as one, the rule `count` says. */
export const countOf = (of: Countable, answer: string): number => COUNTS[of](normalize(answer));

/** Sentences of one line: those that a mark ends, and what is left behind the last mark. */
function sentencesIn(line: string): number {
  let sentences = 0;
  let from = 0;
  for (const match of line.matchAll(/[.!?…。！？।؟]+["')\]*_»]*(?=\s|$)|[。！？]+/gu)) {
    const end = match.index + match[0].length;
    if (match[0] === '.' && endsNothing(line.slice(from, match.index))) continue;
    if (/[\p{L}\p{N}\p{S}]/u.test(line.slice(from, end))) sentences++;
    from = end;
  }
  return sentences + (/[\p{L}\p{N}\p{S}]/u.test(line.slice(from)) ? 1 : 0);
}

/** Whether a period behind this text belongs to an abbreviation or an initial. */
function endsNothing(before: string): boolean {
  const word = /[\p{L}\p{N}.]+$/u.exec(before)?.[0] ?? '';
  return /^(?![IA]$)\p{Lu}$/u.test(word) || ABBREVIATIONS.has(word.toLowerCase());
}
