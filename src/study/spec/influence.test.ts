import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.js';
import { parseSpec } from './parse.js';

const BASE = 'name: x\nsources: organism\narms: [off, repeat: 2]\n';
const influenceOf = (lines: string) => parseSpec(BASE + lines, 'x.yaml').influence;

function problemsOf(text: string): readonly string[] {
  try {
    parseSpec(text, 'x.yaml');
  } catch (error) {
    if (error instanceof HoldfastError) return error.problems;
    throw error;
  }
  return [];
}

describe('the section influence', () => {
  it('is not measured without the key, and has defaults', () => {
    expect(influenceOf('')).toBeNull();
    expect(influenceOf('influence: {}')).toEqual({
      dialogues: 24,
      references: ['others', 'none'],
      rounds: null,
    });
    expect(influenceOf('influence: { dialogues: 3, references: none, rounds: [16, 1] }')).toEqual({
      dialogues: 3,
      references: ['none'],
      rounds: [1, 16],
    });
    const [line, another] = ['Speak as a pirate.', 'Talk like one who sails.\n\n- Say arr.'];
    expect(
      influenceOf(
        `influence: { references: [paraphrase], paraphrases: { pirate: ${line}, butler: ${JSON.stringify(another)} }, total: true }`,
      ),
    ).toEqual({
      ...{ dialogues: 24, references: ['paraphrase'], rounds: null },
      ...{ paraphrases: { pirate: line, butler: another }, total: true },
    });
  });

  it.each([
    [
      'influence: { references: [other] }',
      '4:27 references: expected one of others, paraphrase, none, not "other"',
    ],
    ['influence: { dialogues: 0 }', '4:25 dialogues: expected a whole number from 1 to 100000, not 0'],
    [
      'influence: { references: [others, paraphrase] }',
      '4:12 influence: the reference paraphrase and the key paraphrases need each other',
    ],
    [
      'influence: { paraphrases: { a: b } }',
      '4:12 influence: the reference paraphrase and the key paraphrases need each other',
    ],
    ['influence: { references: paraphrase, paraphrases: { a: 3 } }', '4:56 a: expected text, not 3'],
    [
      'influence: { references: paraphrase, paraphrases: words }',
      '4:51 paraphrases: expected a mapping from the names of scenarios to paraphrases of their prompts',
    ],
    [
      'influence: { total: false }',
      '4:21 total: expected true; leave the key out for the direct influence alone',
    ],
    [
      'influence: { rounds: [1, 17] }',
      '4:12 influence: round 17 is never reached: the longest source has 16',
    ],
    ['influence: { rounds: [1, 4] }', '4:12 influence: none of its rounds is among the late rounds, 8 to 16'],
    [
      'analysis: { primary: late influence }',
      '1:1 primary: late influence is not measured; add the key influence, for example "influence: {}"',
    ],
  ])('%s', (line, problem) => {
    expect(problemsOf(BASE + line)).toEqual([problem]);
  });

  it('needs an untouched arm', () => {
    expect(problemsOf('name: x\nsources: organism\narms: [repeat: 2]\ninfluence: {}')).toEqual([
      '4:12 influence: needs the arm off: influence is measured on the dialogues of the untouched model',
    ]);
    expect(
      problemsOf('name: x\nsources: organism\narms: [{ name: plain, policy: off }]\ninfluence: {}'),
    ).toEqual([]);
  });

  it.each([
    [
      '[{ name: plain, policy: off, measure: costs }, sustain]',
      '',
      'plain measures everything, because other arms are compared with it',
    ],
    ['[no-system, off, { no-system: true, name: none, measure: dialogues }]', '', null],
    ['[off, { policy: sustain, measure: costs }]', '', null],
    [
      '[off, { policy: sustain, measure: influence }]',
      '',
      'the study does not measure influence; add the key influence, for example "influence: {}"',
    ],
    ['[off, { policy: sustain, measure: [influence, costs] }]', 'influence: {}', null],
    [
      '[off, { policy: sustain, measure: costs }]',
      'influence: {}\nanalysis: { primary: late influence, contrasts: { sustain: off } }',
      'sustain is compared in the primary outcome, late influence, and needs influence',
    ],
    [
      '[off, { policy: sustain, measure: influence }]',
      'influence: {}\nanalysis: { primary: early stability, contrasts: { sustain: off } }',
      'sustain is compared in the primary outcome, early stability, and needs dialogues',
    ],
  ])('what an arm measures: %s %s', (arms, lines, problem) => {
    const text = `name: x\nsources: organism\narms: ${arms}\n${lines}`;
    expect(problemsOf(text)).toEqual(
      problem === null ? [] : [expect.stringMatching(new RegExp(`^3:.* measure: ${problem}$`))],
    );
  });

  it('is compared by default between the arms that measure it', () => {
    const text =
      'name: x\nsources: organism\narms: [off, sustain, { boost: 2, measure: costs }]\n' +
      'influence: {}\nanalysis: { primary: late influence }';
    expect(parseSpec(text, 'x.yaml').contrasts).toEqual([{ left: 'sustain', right: 'off' }]);
  });

  it('is part of a primary outcome', () => {
    const text = `${BASE}influence: {}\nanalysis: { primary: last influence }`;
    expect(parseSpec(text, 'x.yaml').primary).toBe('last influence');
  });
});
