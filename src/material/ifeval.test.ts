import { describe, expect, it } from 'vitest';
import { followsIfeval } from './ifeval.js';
import { IFEVAL_NAMES, type IfevalRule, ifevalSchema } from './ifeval-rule.js';

interface Case {
  /** The rule without `rule: ifeval`. */
  readonly rule: { readonly instruction: string; readonly [argument: string]: unknown };
  readonly follows: readonly string[];
  readonly fails: readonly string[];
}

/** What IFEval's own checkers say of these answers (lm-eval 0.4.13, NLTK 3.9.1, Python 3), collected by running them. */
const CASES: readonly Case[] = [
  {
    rule: { instruction: 'keywords:existence', keywords: ['sail', 'Mist'] },
    follows: ['Sailors in the mist', 'chemistry, assailed', 'SAİL MIST'],
    fails: ['Sailors', 'sa il mist'],
  },
  {
    rule: { instruction: 'keywords:frequency', keyword: 'oat ', frequency: 2, relation: 'at least' },
    follows: ['oat, oats', 'a boat floats', 'oatOAT'],
    fails: ['oat', 'o at oat'],
  },
  {
    rule: { instruction: 'keywords:frequency', keyword: 'oat', frequency: 2, relation: 'less than' },
    follows: ['a boat', 'none'],
    fails: ['boats and oats'],
  },
  {
    rule: { instruction: 'keywords:forbidden_words', forbidden_words: ['rock', 'über'] },
    follows: ['rocks', 'rock_', 'drüber', 'rockét'],
    fails: ['a Rock.', 'rock-hard', 'ÜBER alles'],
  },
  {
    rule: {
      instruction: 'keywords:letter_frequency',
      letter: 'Q',
      let_frequency: 2,
      let_relation: 'at least',
    },
    follows: ['Qq', 'quite quick'],
    fails: ['q', 'kw'],
  },
  {
    rule: { instruction: 'length_constraints:number_words', num_words: 3, relation: 'at least' },
    follows: ['one two three', "don't stop", 'a-b-c', '½ ① x'],
    fails: ['one two', 'snake_case word'],
  },
  {
    rule: { instruction: 'length_constraints:number_paragraphs', num_paragraphs: 2 },
    follows: ['a\n***\nb', 'a***b', '***\na\n***\nb\n***', 'a\u001c***b'],
    fails: ['a\n\nb', 'a***b***c', 'a\n***\n\n***\nb'],
  },
  {
    rule: {
      instruction: 'length_constraints:nth_paragraph_first_word',
      num_paragraphs: 2,
      nth_paragraph: 2,
      first_word: 'Then',
    },
    follows: ['a\n\nthen b', 'a\n\n"Then, b', 'a b\n\n  THEN'],
    fails: ['a\nthen b', 'a\n\nb\n\nthen', 'a\n\nthens b', '\n\na\n\nthen'],
  },
  {
    rule: { instruction: 'detectable_content:number_placeholders', num_placeholders: 2 },
    follows: ['[a] [b]', '[[a] []'],
    fails: ['[a]', '[a\n] [b\n]'],
  },
  {
    rule: { instruction: 'detectable_content:postscript', postscript_marker: 'P.S.' },
    follows: ['Bye.\nP.S. More', 'p. s. more', 'tip.s.'],
    fails: ['PS: more', 'P.S more'],
  },
  {
    rule: { instruction: 'detectable_content:postscript', postscript_marker: 'P.P.S' },
    follows: ['P.P.S more', 'p. p. s'],
    fails: ['P.S. more', 'PPS'],
  },
  {
    rule: { instruction: 'detectable_format:number_bullet_lists', num_bullets: 2 },
    follows: ['* a\n* b', '- a\n\n  * b', '-a\n---', '* a\nb\n- c'],
    fails: ['* a', '** a\n* b', 'a * b - c', '* a\n* b\n- c'],
  },
  {
    rule: { instruction: 'detectable_format:constrained_response' },
    follows: ['My answer is yes.', 'Well: My answer is maybe. Perhaps.'],
    fails: ['my answer is yes.', 'My answer is yes', 'Yes.'],
  },
  {
    rule: { instruction: 'detectable_format:number_highlighted_sections', num_highlights: 2 },
    follows: ['*a* and *b*', '**a** and *b*', '**a b** **c**'],
    fails: ['*a*', '* * **', '*a\nb*'],
  },
  {
    rule: { instruction: 'detectable_format:multiple_sections', section_spliter: 'Day', num_sections: 2 },
    follows: ['Day 1 a Day 2 b', 'Day1Day2', 'Day ٣ a\nDay 4'],
    fails: ['day 1 a day 2', 'Day 1', 'Day one, Day two'],
  },
  {
    rule: { instruction: 'detectable_format:json_format' },
    follows: ['{"a": 1}', '```json\n[1]\n```', '5', '[NaN, -Infinity]', '{"a": "NaN"}', '```{}'],
    fails: ["{'a': 1}", 'Here: {"a": 1}', '{"a": 1,}', '```js\n{}\n```', '[NaN1]', '\ufeff{}'],
  },
  {
    rule: { instruction: 'detectable_format:title' },
    follows: ['<<A>>', 'x << a b >> y', '<<<a>>'],
    fails: ['<A>', '<<>>', '<< >>', '<<a\nb>>'],
  },
  {
    rule: { instruction: 'combination:two_responses' },
    follows: ['a******b', '******\na\n******\nb\n******'],
    fails: ['a******a ', 'a***b', 'a******b******c', 'a************b'],
  },
  {
    rule: { instruction: 'startend:end_checker', end_phrase: 'Any questions? ' },
    follows: ['So. Any questions?', 'so.\nANY QUESTIONS?"" \n', 'anyany questions?'],
    fails: ['Any questions? Yes.', 'Any questions?*', 'Any questions?" x'],
  },
  {
    rule: { instruction: 'startend:quotation' },
    follows: ['"a"', ' "a" b"\n', '""'],
    fails: ['"', '“a”', '"a".', '\ufeff"a"'],
  },
  {
    rule: { instruction: 'punctuation:no_comma' },
    follows: ['a; b', 'a、b', 'a，b'],
    fails: ['a, b', '1,000'],
  },
];

const rule = (given: Case['rule']): IfevalRule => ifevalSchema.parse({ ...given, rule: 'ifeval' });

describe('an instruction of IFEval', () => {
  it('is tested for every name', () => {
    expect(new Set(CASES.map(({ rule }) => rule.instruction))).toEqual(new Set(IFEVAL_NAMES));
  });

  it.each(CASES)('$rule.instruction is followed as its published checker says', (example) => {
    const own = rule(example.rule);
    for (const answer of example.follows) expect(followsIfeval(own, answer), answer).toBe(true);
    for (const answer of example.fails) expect(followsIfeval(own, answer), answer).toBe(false);
  });

  it.each(CASES)('$rule.instruction is not followed by a blank answer', (example) => {
    for (const answer of ['', ' \n', '\u001c\u0085'])
      expect(followsIfeval(rule(example.rule), answer)).toBe(false);
  });

  it.each<[object]>([
    [{ instruction: 'keywords:existence', keywords: ['a.b'] }],
    [{ instruction: 'keywords:existence', keywords: [] }],
    [{ instruction: 'keywords:existence', keywords: ['a'], frequency: 1 }],
    [{ instruction: 'keywords:frequency', keyword: 'a', frequency: 0, relation: 'at least' }],
    [{ instruction: 'keywords:frequency', keyword: 'a', frequency: 1, relation: 'at most' }],
    [{ instruction: 'keywords:letter_frequency', letter: '#', let_frequency: 1, let_relation: 'at least' }],
    [
      {
        instruction: 'length_constraints:nth_paragraph_first_word',
        num_paragraphs: 1,
        nth_paragraph: 2,
        first_word: 'a',
      },
    ],
    [{ instruction: 'detectable_content:postscript', postscript_marker: 'PS' }],
    [{ instruction: 'language:response_language', language: 'de' }],
    [{ instruction: 'length_constraints:number_sentences', num_sentences: 1, relation: 'at least' }],
  ])('%j is refused: its checker does not take it literally, or depends on other software', (given) => {
    expect(ifevalSchema.safeParse({ ...given, rule: 'ifeval' }).success).toBe(false);
  });
});
