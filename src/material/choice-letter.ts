import { normalize } from './words.js';

/** How a choice is stated in words, up to the letter. */
const STATED =
  /\b(?:answer|choice|option|choose|pick|select|go with|going with|say|correct one|best one)\b(?:\s+(?:here|option|letter|answer))?\s*(?:is|would be|must be|has to be|:|=|->|—|-)?\s*(?:option\s+|letter\s+)?[("'[]*([A-J]|[a-j](?=["')\].,;:!]*(?:$|[\n.,;:!])))(?![\p{L}\p{N}'])/giu;
/** A letter at the front, set off by a mark or the line's end. */
const LEADING = /^[("'[]*([A-Ja-j])["')\]]*(?:\s*$|\s*\n|\s*[.):,;=]|\s+[-–—]|\s*\])/u;
/** A letter at the front that goes on as a sentence; A and I are words of their own. */
const LEADING_SENTENCE = /^(?:([B-HJ])\s(?!or\b|and\b)|([AI])\s+(?:because|since|is (?:correct|right|the)))/u;
/** Elsewhere: in brackets, or at a line's end. */
const MENTIONED = /\(([A-J])\)|(?:^|\s)([A-J])(?=[.!]?\s*(?:\n|$))/gu;
/** Two at once: no commitment. */
const JOINED = /(?<![\p{L}\p{N}])([A-J])\)?\s*(?:or|and|\/)\s*\(?([A-J])(?![\p{L}\p{N}'])/u;

/** The one option letter that an answer commits to, in upper case; null for none or several. */
export function committedLetter(answer: string, options: string): string | null {
  const text = normalize(answer).replace(/[*_`]/g, '').trim();
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

/** Whether an answer is an option's letter and nothing else, brackets and marks aside. */
export function isLetterAlone(answer: string, options: string): boolean {
  const letter = /^[("'[*_`]*([A-Ja-j])[)"'\]*_`.:]*$/u.exec(normalize(answer).trim())?.[1];
  return letter !== undefined && options.includes(letter.toUpperCase());
}

/** Letters of matches that no `not` stands before. */
function lettersOf(matches: Iterable<RegExpMatchArray>, text: string): string[] {
  return [...matches]
    .filter((match) => !/\bnot\s+(?:the\s+)?$/iu.test(text.slice(0, match.index)))
    .map((match) =>
      match
        .slice(1)
        .find((group) => group !== undefined)!
        .toUpperCase(),
    );
}
