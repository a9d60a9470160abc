import type { IfevalName, IfevalRule, Relation } from './ifeval-rule.js';
import { anyCase, isBlank, isPythonJson, SPACE, strip, stripCharacter, WORD } from './python-text.js';

/** The rule of each instruction. */
type Rules = { readonly [Name in IfevalName]: Extract<IfevalRule, { readonly instruction: Name }> };

const OPTIONS = ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'];
const POSTSCRIPTS = {
  'P.S.': new RegExp(`p\\.[${SPACE}]?s\\.`),
  'P.P.S': new RegExp(`p\\.[${SPACE}]?p\\.[${SPACE}]?s`),
};
/** A line that starts with a mark. The white space before it may include line breaks, as in the published patterns. */
const LINE_START = `(?<![^\\n])[${SPACE}]*`;
const STAR = new RegExp(`${LINE_START}\\*[^*][^\\n]*`, 'g');
const DASH = new RegExp(`${LINE_START}-[^\\n]*`, 'g');
const DIVIDER = new RegExp(`[${SPACE}]?\\*\\*\\*[${SPACE}]?`);
const WORDS = new RegExp(`[${WORD}]+`, 'gu');
const FENCES = ['```json', '```Json', '```JSON', '```'];

/** Whether an answer that is not blank follows an instruction. `ifevalSchema` says what each one asks. */
const FOLLOWS: { readonly [Name in IfevalName]: (answer: string, rule: Rules[Name]) => boolean } = {
  'keywords:existence': (answer, { keywords }) =>
    keywords.every((keyword) => new RegExp(anyCase(keyword), 'iu').test(answer)),
  'keywords:frequency': (answer, { keyword, frequency, relation }) =>
    isRelated(timesIn(answer, new RegExp(anyCase(strip(keyword)), 'giu')), relation, frequency),
  'keywords:forbidden_words': (answer, { forbidden_words }) =>
    !forbidden_words.some((word) => new RegExp(atBorders(word), 'iu').test(answer)),
  'keywords:letter_frequency': (answer, { letter, let_frequency, let_relation }) =>
    isRelated(answer.toLowerCase().split(letter.toLowerCase()).length - 1, let_relation, let_frequency),
  'length_constraints:number_words': (answer, { num_words, relation }) =>
    isRelated(timesIn(answer, WORDS), relation, num_words),
  'length_constraints:number_paragraphs': (answer, { num_paragraphs }) =>
    partsBetween(answer.split(DIVIDER))?.length === num_paragraphs,
  'length_constraints:nth_paragraph_first_word': (answer, { num_paragraphs, nth_paragraph, first_word }) => {
    const paragraphs = answer.split('\n\n');
    const filled = paragraphs.filter((paragraph) => !isBlank(paragraph)).length;
    return (
      filled === num_paragraphs && firstWordIn(paragraphs[nth_paragraph - 1]!) === first_word.toLowerCase() // blank ones count for the place
    );
  },
  'detectable_content:number_placeholders': (answer, { num_placeholders }) =>
    timesIn(answer, /\[[^\n]*?\]/g) >= num_placeholders,
  'detectable_content:postscript': (answer, { postscript_marker }) =>
    POSTSCRIPTS[postscript_marker].test(answer.toLowerCase()),
  'detectable_format:number_bullet_lists': (answer, { num_bullets }) =>
    timesIn(answer, STAR) + timesIn(answer, DASH) === num_bullets,
  'detectable_format:constrained_response': (answer) => OPTIONS.some((option) => answer.includes(option)),
  'detectable_format:number_highlighted_sections': (answer, { num_highlights }) => {
    const passages = [/\*[^\n*]*\*/g, /\*\*[^\n*]*\*\*/g].flatMap((pattern) => answer.match(pattern) ?? []);
    return passages.filter((passage) => !isBlank(stripCharacter(passage, '*'))).length >= num_highlights;
  },
  'detectable_format:multiple_sections': (answer, { section_spliter, num_sections }) => {
    const heading = `[${SPACE}]?${strip(section_spliter)}[${SPACE}]?\\p{Nd}+[${SPACE}]?`;
    return timesIn(answer, new RegExp(heading, 'gu')) >= num_sections;
  },
  'detectable_format:json_format': (answer) => {
    let text = strip(answer);
    for (const fence of FENCES) if (text.startsWith(fence)) text = text.slice(fence.length);
    if (text.endsWith('```')) text = text.slice(0, -'```'.length);
    return isPythonJson(strip(text));
  },
  'detectable_format:title': (answer) =>
    (answer.match(/<<[^\n]+>>/g) ?? []).some((title) => !isBlank(title.replace(/^<+|>+$/g, ''))),
  'combination:two_responses': (answer) => {
    const parts = partsBetween(answer.split('******'))?.map(strip);
    return parts?.length === 2 && parts[0] !== parts[1];
  },
  'startend:end_checker': (answer, { end_phrase }) =>
    stripCharacter(strip(answer), '"').toLowerCase().endsWith(strip(end_phrase).toLowerCase()),
  'startend:quotation': (answer) => /^".*"$/s.test(strip(answer)),
  'punctuation:no_comma': (answer) => !answer.includes(','),
};

/** Returns whether an answer follows an instruction of IFEval. */
export const followsIfeval = (rule: IfevalRule, answer: string): boolean =>
  !isBlank(answer) && follows(rule.instruction, answer, rule);

const follows = <Name extends IfevalName>(name: Name, answer: string, rule: Rules[Name]): boolean =>
  FOLLOWS[name](answer, rule);

const timesIn = (answer: string, pattern: RegExp): number => answer.match(pattern)?.length ?? 0;

const isRelated = (times: number, relation: Relation, bound: number): boolean =>
  relation === 'less than' ? times < bound : times >= bound;

/** Python's `\b` before and after a word: one side is a word character, the other is not. */
function atBorders(word: string): string {
  const border = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;
  return `${border}${anyCase(word)}${border}`;
}

/** Returns the parts that are not blank; null if one between two others is. */
function partsBetween(parts: readonly string[]): string[] | null {
  const inner = parts.slice(1, -1);
  return inner.some(isBlank) ? null : parts.filter((part) => !isBlank(part));
}

/** Returns the first word of a paragraph in lower case, without quotes before it, up to the first mark. */
function firstWordIn(paragraph: string): string {
  const [word = ''] = strip(paragraph).split(new RegExp(`[${SPACE}]+`));
  return [
    ...word
      .replace(/^'+/, '')
      .replace(/^"+/, '')
      .split(/[.,?!'"]/, 1)[0]!,
  ]
    .map((letter) => letter.toLowerCase())
    .join('');
}
