import { type Stance, stanceOf } from './choice-stance.js';
import { normalize } from './normal-form.js';

/** A choice stated in words, ending in its letter. */
const STATED =
  /\b(?:answer|choice|option|choose|pick|select|take|prefer|opt for|vote for|bet on|settle on|go with|go for|going with|say|correct one|best one|boxed|it is|it's|it must be|that is|that's)\b(?:\s+(?:here|option|letter|answer|for))?\s*(?:is|would be|must be|has to be)?\s*[:=–—-]?>?\s*(?:option\s+|letter\s+)?[("'[{]*([A-J])(?![\p{L}\p{N}'])/giu;
/** A letter at the start, followed by a mark or the end of the line. */
const LEADING =
  /^["'\p{Ps}\p{Pi}]*([A-Ja-j])["'\p{Pe}\p{Pf}]*(?:\s*$|\s*\n|\s*[.):,;=…。、：]|\s+[-–—]|\s*\])/u;
/** A letter at the start of a sentence. A and I are also words, so they need a verb or conjunction after them. */
const LEADING_SENTENCE =
  /^(?:([B-HJ])\s(?!or\b|(?:and|nor)\b(?!\s+not))|([AI])\s+(?:because|since|over|rather|instead|not|and not|is (?:correct|right|the)))/u;
/** `B is tempting` says less than `B, because`. */
const SPOKEN_OF =
  /^[A-J]\s+(?:is|isn't|was|would|could|may|might|seems|looks|sounds|has|does|doesn't|can|can't)\b/u;
/** A letter elsewhere: in brackets, or at the end of a line. */
const MENTIONED = /\(([A-J])\)|(?:^|[\s\p{sc=Han}\p{sc=Hira}：])([A-J])(?=[.!。！]?\s*(?:\n|$))/gu;
/** A letter wherever it stands as one. A and I need a mark or a word of judgement after them. */
const ANY = /(?<![\p{L}\p{N}'-])([A-J])(?![\p{L}\p{N}'+#-])/gu;
/** Words that follow a letter and not an article. */
const AFTER_LETTER =
  /^["')\]]*[^\S\n]+(?:because|since|as|over|rather|instead|and|or|but|not|is|isn't|was|can|can't|cannot|would|seems|does|doesn't|excluded|excepted|aside|here|for)\b/iu;
/** Letters that are named together: `A or B`, `B, C and D`. */
const JOINED =
  /(?<![\p{L}\p{N}'-])[A-J](?:(?:\s?,\s?[A-J]){1,9}(?=[.!)]?\s*(?:\n|$))|[.)"'\]]{0,2}(?:\s?,\s?[("']?[A-J][.)"']{0,2}){0,9}\s*(?:,?\s*(?:or|and|nor|but also|as well as|along with|plus|oder|und|noch|ou|et|ni|of|en|или|и|ни)\s+|[/&]\s*|[和或と]\s*)(?:option\s+)?[("']?[A-J](?![\p{L}\p{N}'])[)"']?)/gu;
/** `A and B is wrong` speaks of B alone, `not A, B` of A. */
const TWO_WITH_AND = /^[A-J][.)"'\]]{0,2},?\s+and\s+[("']?[A-J][)"']?$/u;
const WITH_COMMAS = /^[A-J](?:\s*,\s*[A-J])+$/u;
const AFTER_NOT = /(?:^|[^\p{L}])(?:not|no|nicht|nein|pas|non)\s+$/iu;
const SINGULAR = /^[\s)]*(?:is|isn't|was|has|does|doesn't|seems|cannot|can't)\b/u;
/** After one of these, what was said before no longer counts. */
const CORRECTION =
  /(?:^|[\s,.;:!?—–-])(?:no|wait|actually|sorry|correction|scratch that|I mean|on second thought|hold on|oops|nein)\s*[,.:;!—–-]+\s*/giu;
/** Nothing is chosen: `both are right`. */
const UNDECIDED =
  /\b(?:both|all|either|neither|none|any)\b(?![^.;!?\n]{0,30}\b(?:others?|rest|else)\b)[^.;!?\n]{0,30}\b(?:right|correct|true|fine|possible|works?|fits?|valid|good)\b/giu;

interface Mention {
  readonly letter: string;
  readonly at: number;
}

/** Returns the one option letter that an answer commits to, in upper case; null for none or several. */
export function committedLetter(answer: string, options: string): string | null {
  const bare = normalize(answer)
    .replace(/[*_`]/g, '')
    .replace(/(?<![\p{L}\p{N}])([A-J])'s(?=\s)/gu, '$1 is')
    .trim();
  const text = withoutOptions(bare);
  const correction = [...text.matchAll(CORRECTION)].at(-1);
  const corrected = correction === undefined ? '' : text.slice(correction.index + correction[0].length);
  return chosenIn(corrected, options) ?? chosenIn(text, options);
}

function chosenIn(text: string, options: string): string | null {
  const offered = ({ letter }: Mention): boolean => options.includes(letter);
  const first = LEADING.exec(text) ?? LEADING_SENTENCE.exec(text);
  const leading = first === null ? [] : mentionsIn([first], text);
  const isSpokenOf = SPOKEN_OF.test(text);
  const stated = [...mentionsIn(text.matchAll(STATED), text), ...(isSpokenOf ? [] : leading)].filter(offered);
  const named = [...mentionsIn(text.matchAll(MENTIONED), text), ...leading].filter(offered);
  const all = [...stated, ...named, ...mentionsIn(text.matchAll(ANY), text).filter(offered)];
  const groups = groupsIn(text, all);
  const stances = stancesIn(text, all, groups);
  const isJoint = ({ at }: Mention): boolean => groups.some((group) => group.from <= at && at < group.to);
  const is = (stance: Stance, { at }: Mention): boolean => stances.get(at) === stance;

  const strong = all.filter(
    (mention) => is('asserted', mention) || (stated.includes(mention) && is('open', mention)),
  );
  if (strong.some(isJoint)) return null;
  const last = Math.max(-1, ...strong.map(({ at }) => at));
  if ([...text.matchAll(UNDECIDED)].some(({ index }) => index > last)) return null;
  const weak = named.filter((mention) => is('open', mention) && !isJoint(mention));
  const letters = new Set((strong.length > 0 ? strong : weak).map(({ letter }) => letter));
  const [letter] = letters;
  const takenBack = all.some(
    (mention) => mention.letter === letter && mention.at > last && is('rejected', mention),
  );
  return letters.size === 1 && !takenBack ? letter! : null;
}

/** A run of the text that names several letters together. */
interface Group {
  readonly from: number;
  readonly to: number;
}

function groupsIn(text: string, mentions: readonly Mention[]): Group[] {
  return [...text.matchAll(JOINED)].flatMap((match) => {
    const [from, to] = [match.index, match.index + match[0].length];
    const inside = mentions.filter(({ at }) => from <= at && at < to);
    const apart =
      (TWO_WITH_AND.test(match[0]) && SINGULAR.test(text.slice(to))) ||
      (WITH_COMMAS.test(match[0]) && AFTER_NOT.test(text.slice(0, from)));
    return new Set(inside.map(({ letter }) => letter)).size < 2 || apart ? [] : [{ from, to }];
  });
}

/** Returns the stance towards each letter by position. Letters named together share one. */
function stancesIn(
  text: string,
  mentions: readonly Mention[],
  groups: readonly Group[],
): ReadonlyMap<number, Stance> {
  const positions = [...new Set(mentions.map(({ at }) => at))].sort((a, b) => a - b);
  const stances = new Map<number, Stance>();
  let stance: Stance = 'open';
  let to = 0;
  for (const [index, at] of positions.entries()) {
    if (at >= to) {
      const group = groups.find((each) => each.from <= at && at < each.to);
      to = group?.to ?? at + 1;
      const next = positions.slice(index).find((position) => position >= to) ?? text.length;
      stance = stanceOf(text, group?.from ?? at, to, next);
    }
    stances.set(at, stance);
  }
  return stances;
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
  const letter = /^["'*_`\p{Ps}\p{Pi}]*([A-Ja-j])["'*_`.:。\p{Pe}\p{Pf}]*$/u.exec(
    normalize(answer).trim(),
  )?.[1];
  return letter !== undefined && options.includes(letter.toUpperCase());
}

/** Returns the letters that were matched, without those that are words: `a camera`, `A camera`. */
function mentionsIn(matches: Iterable<RegExpMatchArray>, text: string): Mention[] {
  const isLoud = !/\p{Ll}/u.test(text);
  return [...matches].flatMap((match) => {
    const letter = match.slice(1).find((group) => group !== undefined)!;
    const at = match.index! + match[0].lastIndexOf(letter);
    const next = text.slice(at + 1);
    const mayBeWord = /[a-j]/.test(letter) || (/[AI]/.test(letter) && (isLoud || match[0] === letter));
    const isWord =
      mayBeWord && match[0].endsWith(letter) && /^["')\]]*[^\S\n]+\S/u.test(next) && !AFTER_LETTER.test(next);
    return isWord ? [] : [{ letter: letter.toUpperCase(), at }];
  });
}
