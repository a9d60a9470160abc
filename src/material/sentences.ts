import { FREQUENT_WORDS } from './frequent-words.js';
import { ADDRESS, EMOJI } from './normal-form.js';
import { linesIn, wordsIn } from './words.js';

/** Abbreviations whose period never ends a sentence. */
const ABBREVIATIONS = new Set(
  `mr mrs ms dr st prof sr sra srta dra mme mlle vs nr approx ca cf al fig e.g i.e z.b d.h u.a p.ej bzw ggf evtl inkl
  ing vol tel dept resp`.split(/\s+/),
);
/** Abbreviations only before a number: `No. 5`. */
const BEFORE_NUMBERS = new Set('no nos art sec p pp ch op vol fig'.split(' '));
/** Abbreviations that end a sentence if the next word has a capital. */
const OFTEN_LAST = new Set('etc usw a.m p.m'.split(' '));
/** Abbreviations before names, as initials and acronyms are: they end a sentence only before a frequent word, `Inc. They`. */
const BEFORE_NAMES = new Set('inc ltd co corp jr'.split(' '));
/** A German ordinal follows one of these: `am 3. Mai`. */
const BEFORE_ORDINALS =
  /(?:^|\s)(?:de[rmns]|das|die|[aiv]m|vom|zu[mr]|beim|seit|bis|ab|einem?|ihre[mn]?|jede[rmns])$/iu;

const MARKER = /^(?:[-*•‣◦▪●–—#>]+|\d{1,3}[.)])\s+/u;
const LIST_ITEM = /^(?:[-*•‣◦▪●–—]\s|\d{1,3}[.)]\s)/u;
/** An introduction of what follows on the next line. */
const INTRODUCES = /[:：][*_]*$/u;
const CLOSED = /[\p{STerm}…][\p{Pe}\p{Pf}"'*_\s]*$/u;
const CLOSER = `(?:\\s?»|[«\\p{Pe}\\p{Pf}"'*_])*`;
const END = new RegExp(
  [
    `(?:\\p{STerm}|…)+${CLOSER}(?=\\s|$|${EMOJI})`,
    `[。！？｡]+${CLOSER}`,
    '(?<=\\p{Ll}{2})[.!?]+(?=\\p{Lu}\\p{Ll})', // a forgotten space
  ].join('|'),
  'gu',
);
const ADDRESSES = new RegExp(ADDRESS, 'gu');

/**
 * Returns the sentences of an answer in normal form. A line ends one, unless the next starts in lower case or is
 * introduced by a colon; the items of a list after a colon belong to the sentence that introduces it, until a mark ends it.
 */
export function sentencesIn(answer: string): string[] {
  const joined = answer.replace(/(?<!\n)\n[^\S\n]*(?=\p{Ll})/gu, ' ');
  const paragraphs: string[] = [];
  let introduced = false;
  for (const line of linesIn(joined)) {
    const isItem = LIST_ITEM.test(line);
    const text = line.replace(MARKER, '');
    const last: string | undefined = paragraphs.at(-1);
    const goesOn: boolean =
      last !== undefined && (INTRODUCES.test(last) || (introduced && isItem && !CLOSED.test(last)));
    introduced = goesOn && isItem;
    if (goesOn) paragraphs[paragraphs.length - 1] = `${last} ${text}`;
    else paragraphs.push(text);
  }
  return paragraphs.flatMap(sentencesOf);
}

/** Splits one line at sentence marks. Text after the last mark is a sentence too; emoji alone are not. */
function sentencesOf(line: string): string[] {
  // The marks inside an address end nothing.
  const marked = line.replace(ADDRESSES, (address) => 'x'.repeat(address.length));
  const sentences: string[] = [];
  let from = 0;
  for (const { 0: mark, index } of marked.matchAll(END)) {
    const end = index + mark.length;
    const after = marked.slice(end);
    if (mark === '.' && endsNothing(marked.slice(from, index), after)) continue;
    if (/(?:\.\.|…)$|[\p{Pe}\p{Pf}"'*_«]$/u.test(mark) && /^\s+\p{Ll}/u.test(after)) continue;
    sentences.push(line.slice(from, end));
    from = end;
  }
  return [...sentences, line.slice(from)].filter((sentence) => wordsIn(sentence).length > 0);
}

/** Returns whether a period between these texts belongs to an abbreviation, an initial or an ordinal. */
function endsNothing(before: string, after: string): boolean {
  const word = /[\p{L}\p{N}.]+$/u.exec(before)?.[0] ?? '';
  const next = /^\s+["'(]*(\S+)/u.exec(after)?.[1];
  const folded = word.toLowerCase();
  if (ABBREVIATIONS.has(folded)) return true;
  if (next === undefined) return false;
  if (BEFORE_NUMBERS.has(folded) && /^\d/.test(next)) return true;
  if (OFTEN_LAST.has(folded)) return !/^\p{Lu}/u.test(next);
  if (/^\d{1,3}$/.test(word)) {
    const preceding = before.slice(0, before.length - word.length).trim();
    // `Eat 1. apples`; in an answer without capitals, lower case says nothing.
    const goesOn = /^\p{Ll}/u.test(next) && /\p{Lu}/u.test(preceding);
    return preceding === '' || goesOn || (BEFORE_ORDINALS.test(preceding) && /^\p{L}/u.test(next));
  }
  if (/^\p{L}$/u.test(word) && /^\p{L}\.(?!\p{L})/u.test(next)) return true; // z. B.
  if (/\p{L}\.\s\p{Ll}$/u.test(before) || /(?:^|\s)\p{Ll}\.\s\p{L}$/u.test(before))
    return !startsSentence(next);
  const isInitial = /^(?:(?![IA]$)\p{Lu}|(?:\p{L}\.)+\p{L})$/u.test(word);
  return (isInitial || BEFORE_NAMES.has(folded)) && !startsSentence(next);
}

/** Returns whether a word has a capital and is a frequent word, so that it is no name. */
const startsSentence = (word: string): boolean => {
  const plain = /^\p{Lu}[\p{L}']*/u.exec(word)?.[0].toLowerCase().split("'")[0];
  return plain !== undefined && Object.values(FREQUENT_WORDS).some((list) => list.has(plain));
};
