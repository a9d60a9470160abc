import { normalize } from './words.js';

/** A choice stated in words, ending in its letter. */
const STATED =
  /\b(?:answer|choice|option|choose|pick|select|go with|going with|say|correct one|best one|boxed)\b(?:\s+(?:here|option|letter|answer))?\s*(?:is|would be|must be|has to be)?\s*[:=–—-]?>?\s*(?:option\s+|letter\s+)?[("'[{]*([A-J])(?![\p{L}\p{N}'])/giu;
/** A letter at the start, followed by a mark or the end of the line. */
const LEADING = /^[("'[]*([A-Ja-j])["')\]]*(?:\s*$|\s*\n|\s*[.):,;=]|\s+[-–—]|\s*\])/u;
/** A letter at the start of a sentence. A and I are also words, so they need a verb or conjunction after them. */
const LEADING_SENTENCE = /^(?:([B-HJ])\s(?!or\b|and\b)|([AI])\s+(?:because|since|is (?:correct|right|the)))/u;
/** A letter elsewhere: in brackets, or at the end of a line. */
const MENTIONED = /\(([A-J])\)|(?:^|\s)([A-J])(?=[.!]?\s*(?:\n|$))/gu;
/** Two letters at once ("A or B"), which commit to neither. */
const JOINED = /(?<![\p{L}\p{N}])([A-J])[.)]{0,2}\s*(?:or|and|\/)\s*\(?([A-J])(?![\p{L}\p{N}'])/u;

/** Returns the one option letter that an answer commits to, in upper case; null for none or several. */
export function committedLetter(answer: string, options: string): string | null {
  const text = withoutOptions(normalize(answer).replace(/[*_`]/g, '').trim());
  const leading = LEADING.exec(text) ?? LEADING_SENTENCE.exec(text);
  const first = [
    ...lettersOf(text.matchAll(STATED), text),
    ...(leading === null ? [] : lettersOf([leading], text)),
  ];
  const joined = JOINED.exec(text);
  if (joined?.slice(1).every((letter) => options.includes(letter))) return null;
  const letters = first.length > 0 ? first : lettersOf(text.matchAll(MENTIONED), text);
  const offered = new Set(letters.filter((letter) => options.includes(letter)));
  return offered.size === 1 ? [...offered][0]! : null;
}

/** A line that repeats an option in the form in which questions list them. */
const OPTION = /^\s*\(?([A-J])[.):]\s+\S/u;

/** Removes the option lines from a text that lists two or more options. */
function withoutOptions(text: string): string {
  const lines = text.split('\n');
  const listed = new Set(
    lines.map((line) => OPTION.exec(line)?.[1]).filter((letter) => letter !== undefined),
  );
  return listed.size < 2
    ? text
    : lines
        .filter((line) => !OPTION.test(line))
        .join('\n')
        .trim();
}

/** Returns whether an answer is an option's letter and nothing else, apart from brackets and marks. */
export function isLetterAlone(answer: string, options: string): boolean {
  const letter = /^[("'[*_`]*([A-Ja-j])[)"'\]*_`.:]*$/u.exec(normalize(answer).trim())?.[1];
  return letter !== undefined && options.includes(letter.toUpperCase());
}

/** Returns the matched letters. Skips those after `not`, and lower-case ones followed by a word ("a camera"). */
function lettersOf(matches: Iterable<RegExpMatchArray>, text: string): string[] {
  return [...matches].flatMap((match) => {
    const letter = match.slice(1).find((group) => group !== undefined)!;
    const negated = /\bnot\s*(?:the\s+)?$/iu.test(text.slice(0, match.index));
    const next = text.slice(match.index! + match[0].length);
    const isWord = /[a-j]/.test(letter) && match[0].endsWith(letter) && /^["')\]]*[^\S\n]+\S/u.test(next);
    return negated || isWord ? [] : [letter.toUpperCase()];
  });
}
