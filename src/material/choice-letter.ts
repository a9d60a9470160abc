import { normalize } from './words.js';

/** How a choice is stated in words, up to the letter. */
const STATED =
  /\b(?:answer|choice|option|choose|pick|select|go with|going with|say|correct one|best one|boxed)\b(?:\s+(?:here|option|letter|answer))?\s*(?:is|would be|must be|has to be)?\s*[:=–—-]?>?\s*(?:option\s+|letter\s+)?[("'[{]*([A-J])(?![\p{L}\p{N}'])/giu;
/** A letter at the front, set off by a mark or the line's end. */
const LEADING = /^[("'[]*([A-Ja-j])["')\]]*(?:\s*$|\s*\n|\s*[.):,;=]|\s+[-–—]|\s*\])/u;
/** A letter at the front that goes on as a sentence; A and I are words of their own. */
const LEADING_SENTENCE = /^(?:([B-HJ])\s(?!or\b|and\b)|([AI])\s+(?:because|since|is (?:correct|right|the)))/u;
/** Elsewhere: in brackets, or at a line's end. */
const MENTIONED = /\(([A-J])\)|(?:^|\s)([A-J])(?=[.!]?\s*(?:\n|$))/gu;
/** Two at once: no commitment. */
const JOINED = /(?<![\p{L}\p{N}])([A-J])[.)]{0,2}\s*(?:or|and|\/)\s*\(?([A-J])(?![\p{L}\p{N}'])/u;

/** The one option letter that an answer commits to, in upper case; null for none or several. */
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

/** A line that gives an option as a question lists it. */
const OPTION = /^\s*\(?([A-J])[.):]\s+\S/u;

/** A text without the options, where it lists two or more of them one below the other. */
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

/** Whether an answer is an option's letter and nothing else, brackets and marks aside. */
export function isLetterAlone(answer: string, options: string): boolean {
  const letter = /^[("'[*_`]*([A-Ja-j])[)"'\]*_`.:]*$/u.exec(normalize(answer).trim())?.[1];
  return letter !== undefined && options.includes(letter.toUpperCase());
}

/** Letters of matches that no `not` stands before; a small one is no letter where a word follows. */
function lettersOf(matches: Iterable<RegExpMatchArray>, text: string): string[] {
  return [...matches].flatMap((match) => {
    const letter = match.slice(1).find((group) => group !== undefined)!;
    const negated = /\bnot\s*(?:the\s+)?$/iu.test(text.slice(0, match.index));
    const next = text.slice(match.index! + match[0].length);
    const isWord = /[a-j]/.test(letter) && match[0].endsWith(letter) && /^["')\]]*[^\S\n]+\S/u.test(next);
    return negated || isWord ? [] : [letter.toUpperCase()];
  });
}
