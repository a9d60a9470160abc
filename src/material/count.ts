import { ADDRESS, graphemesIn, normalize } from './normal-form.js';
import { sentencesIn } from './sentences.js';
import { linesIn, wordsIn } from './words.js';

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

/** The mark of a list's item. A dash needs a space after it; bullets do not. */
const BULLET = /^(?:([-*+–—])\s+|([•‣◦▪●○])\s*)(?![-*_\s]*$)\S/u;
/** `1. a`, `1) a`, `(1) a`, `Step 1: a`, `1、a`, `1️⃣ a`, `① a`, also in bold. */
const STEP =
  /^[*_#>\s]*(?:\(\d{1,3}\)|\d{1,3}[*_]*(?:[.)][*_]*\s|[．、）])|step\s+\d{1,3}\b\W*|[0-9]\uFE0F?\u20E3|[\u2460-\u2473])\s*\S/iu;
const ADDRESSES = new RegExp(ADDRESS, 'gu');

const COUNTS: Record<Countable, (answer: string) => number> = {
  sentences: (answer) => sentencesIn(answer).length,
  words: (answer) => wordsIn(answer).length,
  lines: (answer) => linesIn(answer).length,
  paragraphs: (answer) => paragraphsIn(answer).length,
  bullets: bulletsIn,
  steps: (answer) => linesIn(answer).filter((line) => STEP.test(line)).length,
  questions: (answer) =>
    (answer.replace(ADDRESSES, '').match(/[?？؟!！]+/g) ?? []).filter((marks) => /[?？؟]/.test(marks)).length,
  characters: (answer) => graphemesIn(answer.trim()),
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

/** Counts the items of lists. A mark that starts a single line (speech, a signature, a minus) makes no list. */
function bulletsIn(answer: string): number {
  const marks = linesIn(answer).flatMap((line) => {
    const match = BULLET.exec(line);
    return match === null ? [] : [match[1] ?? match[2]];
  });
  return marks.filter((mark) => marks.indexOf(mark) !== marks.lastIndexOf(mark)).length;
}

function paragraphsIn(answer: string): string[] {
  return answer.split(/\r?\n[^\S\n]*\r?\n/).filter((part) => part.trim() !== '');
}
