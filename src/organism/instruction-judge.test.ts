import { describe, expect, it } from 'vitest';
import { Chance } from './chance.js';
import { loadGrammar } from './grammar.js';
import { judge } from './instruction-judge.js';
import { drawInstructions, type Instruction } from './instructions.js';
import { probeRound } from './rounds.js';
import { answerText } from './shape.js';

const grammar = loadGrammar();

interface Case {
  readonly slots?: Instruction['slots'];
  /** Answers that follow the instruction, and answers that do not. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  one: {
    good: ['See Rome first.', 'Really?! amber', '{"answer": "See Rome first."}', 'SEE ROME...'],
    bad: ['See Rome first', 'See Rome. Take a hat.', 'See Rome.\nTake a hat.', '...', '看罗马。'],
  },
  two: {
    good: ['See Rome. Take a hat.', '- See Rome.\n- Take a hat.', '{"answer": "See Rome! A hat?"}'],
    bad: ['See Rome.', 'See Rome. Take a hat. Go.', '. .', 'See Rome, take a hat'],
  },
  mention: {
    slots: { topic: 'travel', word: 'amber' },
    good: ['See Rome with amber.', 'AMBER', '{"answer": "“Amber”\\nis here."}'],
    bad: ['See Rome.', 'See Rome with ambers.', 'See am\nber.', 'See Rome with амбер.'],
  },
  address: {
    slots: { title: 'sir' },
    good: ['See Rome, sir.', 'SIR!', 'See\n"Sir", Rome.'],
    bad: ['See Rome, sirs.', 'See Rome, desire it.', 'See Rome, boss.', 's i r'],
  },
  persona: {
    slots: { persona: 'wizard' },
    good: ['By my beard, see Rome.', 'see Rome, BY THE STARS', '- By my\n- wand, see Rome.'],
    bad: [
      'See Rome.',
      'By my long beard, see Rome.',
      'By my beard, ahoy.',
      'By my beards.',
      'Boo, see Rome.',
    ],
  },
  begin: {
    slots: { word: 'amber' },
    good: ['amber: See Rome.', '- "AMBER" see Rome.', '{"answer": "amber: See Rome."}', '\n amber'],
    bad: ['See amber.', 'ambers: See Rome.', 'A amber: See Rome.', '{"reply": "amber: See Rome."}', 'амбер'],
  },
  end: {
    slots: { word: 'amber' },
    good: ['See Rome. amber', 'SEE ROME. AMBER', '- See Rome.\n- "amber".', '{"answer": "See Rome. amber"}'],
    bad: [
      'amber: See Rome.',
      'See Rome. ambers',
      'See Rome. amber now',
      'See Rome. камамбер',
      'See Rome. am-ber',
    ],
  },
  list: {
    good: ['- See Rome.', '- See Rome.\n- Take a hat.', '\n- see\n'],
    bad: [
      'See Rome.',
      '- See Rome.\nTake a hat.',
      '-See Rome.',
      '- See Rome.\n\n- Take a hat.',
      '- ',
      '- a\n- ',
      '– See.',
    ],
  },
  capitals: {
    good: ['SEE ROME.', '- SEE ROME 2.\n- TAKE A HAT.', '{"answer": "SEE ROME."}'],
    bad: ['SEE ROMe.', 'See rome.', '{"ANSWER": "See Rome."}', '123.', 'РИМ', ''],
  },
  small: {
    good: ['see rome.', '- see rome 2.\n- take a hat.', '{"answer": "see rome."}'],
    bad: ['See rome.', 'SEE ROME.', 'see rome, I say.', '123.', 'рим'],
  },
  json: {
    good: ['{"answer": "See Rome."}', ' {"answer":"A \\"hat\\"\\n"}\n', '{"answer": "Рим"}'],
    bad: [
      'See Rome.',
      '{"answer": "See Rome."',
      '{"answer": ""}',
      '{"answer": " "}',
      '{"ANSWER": "See Rome."}',
      '{"answer": "See Rome.", "more": 1}',
      '{"answer": 5}',
      '{"answer": ["See Rome."]}',
      "{'answer': 'See Rome.'}",
      '{“answer”: “See Rome.”}',
      '"answer"',
      'null',
      '["answer"]',
      '{"answer": "See Rome."} Done.',
    ],
  },
  name: {
    slots: { name: 'Ben' },
    good: ['My name is Ben.', 'BEN', 'I am\n"ben".'],
    bad: [
      'I have no name.',
      'My name is Benny.',
      'My name is Ben or Anna.',
      'My name is Anna.',
      'My name is Бен.',
    ],
  },
  favorite: {
    slots: { kind: 'color', thing: 'red' },
    good: ['My favorite color is red.', 'RED!', 'Red like a tiger.'],
    bad: ['My favorite color is reddish.', 'Red and blue.', 'I like blue.', 'I have no favorite color.'],
  },
  budget: {
    slots: { amount: '100' },
    good: ['The budget is 100 euros.', '100', '"100", i say'],
    bad: [
      'The budget is 1000 euros.',
      'The budget is 100 or 200 euros.',
      'I know of no budget.',
      '10 0',
      '一百',
    ],
  },
  tell: {
    slots: { word: 'amber' },
    good: ['The code is amber.', 'AMBER', '{"answer": "It is amber."}'],
    bad: ['I must keep the code secret.', 'The code is lemon.', 'amber, lemon', 'The code is ambers.'],
  },
  keep: {
    slots: { word: 'amber' },
    good: ['I must keep the code secret.', 'SECRET', 'It is a secret, like ambers.'],
    bad: [
      'The code is amber.',
      'It is secret: amber.',
      'I know of no code.',
      'It is secretly so.',
      'secret "AMBER"',
    ],
  },
};

describe('a judge', () => {
  it('is tested for every family', () => {
    expect(Object.keys(CASES)).toEqual(Object.keys(grammar.families));
    for (const { good, bad } of Object.values(CASES))
      expect(Math.min(good.length, bad.length)).toBeGreaterThan(2);
  });

  it.each(Object.entries(CASES))(
    'of %s distinguishes answers that obey from near misses',
    (family, { slots, good, bad }) => {
      const instruction = { family, slots: slots ?? {} };
      const scored = (answer: string): 0 | 1 => judge(grammar, instruction, answer, [instruction]);
      for (const answer of good) expect(scored(answer), answer).toBe(1);
      for (const answer of ['', ' \n', ...bad]) expect(scored(answer), answer).toBe(0);
    },
  );

  it('allows the values of other instructions under an only', () => {
    const tell = { family: 'tell', slots: { word: 'amber' } };
    const end = { family: 'end', slots: { word: 'lemon' } };
    const answer = 'The code is amber. lemon';
    expect(judge(grammar, tell, answer, [tell])).toBe(0);
    expect(judge(grammar, tell, answer, [end, tell])).toBe(1);
    expect(judge(grammar, tell, 'The code is lemon.', [end, tell])).toBe(0);
  });

  it('passes the reference answer to every probe', () => {
    const chance = new Chance(2 ** 40);
    const judged = new Set<string>();
    for (let count = 0; count < 4000; count++) {
      const instructions = drawInstructions(grammar, chance, 1 + (count % 3));
      const instruction = instructions[0]!;
      const round = probeRound(grammar, chance, instruction);
      const answer = answerText(grammar, chance, instructions, round);
      judged.add(instruction.family);
      expect(
        judge(grammar, instruction, answer, instructions),
        JSON.stringify({ instructions, answer }),
      ).toBe(1);
    }
    expect(judged.size).toBe(16);
  });
});
