import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswer } from './judge.js';
import { matcherOf, patternComplaint } from './pattern.js';
import { type Rule, ruleKinds, ruleSchema, type SimpleRule } from './rule.js';

interface Examples {
  readonly rule: Rule;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

/** For every kind of rule: answers that pass and answers that fail, mostly near misses. */
const EXAMPLES: readonly Examples[] = [
  {
    rule: { rule: 'begins-with', texts: ['Indeed', 'D’accord'] },
    good: ['Indeed, it is.', '  "INDEED!"', "**d'accord**\nallons-y", '- Indeed'],
    bad: ['Indeedly so.', 'Yes, indeed.', 'Dear\nIndeed', 'In deed'],
  },
  {
    rule: { rule: 'begins-with', texts: ['UNIT-7:'], exact: true },
    good: ['UNIT-7: ready', '"UNIT-7: ready"', 'UNIT-7:\nready'],
    bad: ['Unit-7: ready', 'unit-7: ready', 'This is UNIT-7: ready'],
  },
  {
    rule: { rule: 'ends-with', texts: ['harbour'] },
    good: ['Calm as a harbour.', 'HARBOUR', 'He said: “home is a harbour!”\n\n', 'a\n**harbour**…'],
    bad: ['Many harbours.', 'A harbour town', 'the harbour, they say', 'Inharbour'],
  },
  {
    rule: { rule: 'ends-with', texts: ['?', '？'] },
    good: ['And you?', '“And you?”', '好吗？', 'Why\nso?  '],
    bad: ['And you? Fine.', 'And you?!', 'And you', '? I see'],
  },
  {
    rule: { rule: 'ends-with', texts: ['茶'] },
    good: ['我喜歡茶。', '茶', '喝\n茶！'],
    bad: ['茶很好', '我喝水。', '茶，水'],
  },
  {
    rule: { rule: 'contains-all', texts: ['coach 3', 'seat 47'] },
    good: ['Coach 3, seat 47.', 'seat\n47 in COACH  3', '"coach 3" and “seat 47”'],
    bad: ['Coach 3, seat 470', 'Coach 33, seat 47', 'Seat 47'],
  },
  {
    rule: { rule: 'contains-any', texts: ['café', '茶'] },
    good: ['Un CAFÉ, please', 'cafe\u0301', '我喜歡茶', 'the café’s door'],
    bad: ['cafe', 'cafés', 'tea', 'decafé'],
  },
  {
    rule: { rule: 'contains-any', texts: ['Sie'], exact: true },
    good: ['Kommen Sie?', '„Sie“', 'Wenn\nSie wollen'],
    bad: ['wenn sie wollen', 'SIE', 'Siegel'],
  },
  {
    rule: { rule: 'contains-none', texts: ["don't", 'no', ':)'] },
    good: ['I know not.', 'Nothing.', 'a donut: 5)'],
    bad: ['I don’t.', 'Oh NO!', 'fine :)'],
  },
  {
    rule: { rule: 'case', is: 'upper' },
    good: ['ÉCOUTEZ!\nBIEN', '日本語 OK 42', '"Ж", IT SAYS', '42 %'],
    bad: ['HELLO THERE, sIR', 'STRAßE', 'ПРИВЕт', 'ALL\nbut this'],
  },
  {
    rule: { rule: 'case', is: 'lower' },
    good: ['écoutez bien', '日本語 42', '“quoted”\n- lines'],
    bad: ['Hello', 'all but THIS', 'привеТ'],
  },
  {
    rule: { rule: 'no-characters', characters: 'z!é' },
    good: ['e and s', 'Nothing here.\nNor here', '"quoted" ¡hola'],
    bad: ['Zebra', 'done!', 'cafe\u0301', 'line\nfuzz'],
  },
  {
    rule: { rule: 'no-digits' },
    good: ['nineteen sixty-nine', '五', 'Ⅳ, the fourth', '½ of it'],
    bad: ['1969', 'in ٩ days', 'H2O', 'one\ntwo\n3'],
  },
  {
    rule: { rule: 'choice', options: 'ABCD', is: 'A' },
    good: [
      'A',
      ' (a) ',
      '**A.** Paris',
      'A) Paris',
      'A, because it is right',
      'A because it is',
      'The answer is A.',
      'Answer:\nA',
      'I would choose option A here.',
      '“A”',
      'Let me think.\nIt must be (A).',
      'The answer is not B but A: I choose A.',
    ],
    bad: [
      'A lot of people think so.',
      'A. or B.',
      'A or B',
      'Paris',
      'B',
      'Answer: B, as in A river',
      'Both A and B',
      'America',
      'A man. A plan.',
      'The answer is a bit hard.',
      'Not A',
    ],
  },
  {
    rule: { rule: 'choice', options: 'ABC', is: 'BC' },
    good: [
      'b) Rome',
      'c: « Rome »',
      'Option B is right.',
      "Let's go with b.",
      'B for sure',
      'Sure! The answer is:\n\nB. Rome',
      'A. Oslo\nB. Rome\nC. Bern\nAnswer: C',
      '\\boxed{B}',
    ],
    bad: [
      'A. Oslo\nB. Rome\nC. Bern',
      'a) Rome',
      'D',
      'I go with a friend.',
      'Be quick. C u later, b quick',
      '(B) or (C)',
    ],
  },
  {
    rule: { rule: 'choice', options: 'ABCD', only: true },
    good: ['B', '(c)', '"D."\n', '**A**'],
    bad: ['B. Rome', 'Answer: B', 'E', 'BB'],
  },
  {
    rule: { rule: 'count', of: 'sentences', min: 2, max: 2 },
    good: [
      'One. Two.',
      'Mr. J. Smith paid 3.50 at 5 p.m. today. He left!',
      'Erstens\nZweitens',
      '“Is it?” he asked. It was…',
      '春です。暖かい。',
      '- one\n- two',
    ],
    bad: ['One.', 'One. Two. Three', 'One... and on', 'a line that\ngoes on in lower case'],
  },
  {
    rule: { rule: 'count', of: 'words', min: 3, max: 3 },
    good: [
      "don't-know is one",
      "l'été arrive, enfin",
      '三个字',
      '"a" — b\n\nc',
      'costs 3.50 euros',
      '1,200 x 2️⃣ y',
    ],
    bad: ['one two', 'one two three four', '四个汉字'],
  },
  {
    rule: { rule: 'count', of: 'words', per: 'line', max: 3 },
    good: ['one two three\nfour', 'one\n\ntwo', 'привет, как дела'],
    bad: ['one two three four', 'one\ntwo three four five', 'a b c d\ne'],
  },
  {
    rule: { rule: 'count', of: 'words', per: 'sentence', max: 4 },
    good: ['It is red. I like it!', 'Ja', 'One two three four.\nFive'],
    bad: ['It is red and round.', 'Yes. But it is not so red.', 'one two three\nfour five'],
  },
  {
    rule: { rule: 'count', of: 'bullets', min: 2 },
    good: ['- a\n- b', '* a\n* b\n* c', 'List:\n• été\n• "x"'],
    bad: ['- a', '-a\n-b', '1. a\n2. b'],
  },
  {
    rule: { rule: 'count', of: 'steps', min: 2, max: 3 },
    good: ['1. a\n2. b', '1) a\n2) b\n3) c', 'So:\n 1. a\n 2. b'],
    bad: ['1. a', '1.a\n2.b', '- a\n- b'],
  },
  {
    rule: { rule: 'count', of: 'paragraphs', min: 2, max: 2 },
    good: ['a\n\nb', 'a\nb\n \t\n\nc', '\n\na\r\n\r\nb\n'],
    bad: ['a\nb', 'a\n\nb\n\nc', 'a'],
  },
  {
    rule: { rule: 'count', of: 'lines', max: 2 },
    good: ['a', 'a\n\n\nb\n', '"a"\r\nb'],
    bad: ['a\nb\nc', 'a\n\nb\n\nc', '1\n2\n3\n4'],
  },
  {
    rule: { rule: 'count', of: 'questions', min: 1, max: 1 },
    good: ['Why?', 'Really?! I see.', '为什么？', '“Who?” she asked\nand left.'],
    bad: ['Why', 'Why? And who?', 'Stop!'],
  },
  {
    rule: { rule: 'count', of: 'characters', max: 5 },
    good: ['12345', '  ok\n', '😀😀', 'e\u0301tude'],
    bad: ['123456', 'ab\ncde', '"five"'],
  },
  {
    rule: { rule: 'every-line', pattern: '- .+' },
    good: ['- a\n- b', '  - été  \n\n- "x"', '- 日本'],
    bad: ['- a\nb', '-a', 'Here:\n- a'],
  },
  {
    rule: { rule: 'pattern', pattern: 'Topic: .+\\nNext: .+' },
    good: ['Topic: a\nNext: b', '\nTopic: "été"\nNext: 2\n', 'Topic: 日\nNext: 本'],
    bad: ['Topic: a', 'topic: a\nNext: b', 'Topic: a\n\nNext: b', 'So:\nTopic: a\nNext: b'],
  },
  {
    rule: { rule: 'language', is: 'fr' },
    good: [
      "C'est à 10 minutes : prenez la rue de la Gare.",
      'OUI, MERCI !',
      '- du pain\n- de l’eau',
      '« Je ne sais pas », dit-elle.',
      '42',
    ],
    bad: [
      'It is ten minutes from here.',
      'Es ist nicht weit von hier.',
      'Paris.',
      'Это очень просто.',
      'Bonjour! It is ten minutes from here and you turn left.',
    ],
  },
  {
    rule: { rule: 'language', is: 'en' },
    good: ['It is on the left.', 'YES, THANK YOU', '"Where is it?"\n- here', '7'],
    bad: ['Es ist links.', 'Sí, gracias por todo.', 'Helsinki', '是的'],
  },
  {
    rule: { rule: 'language', is: 'ru' },
    good: ['Да, конечно.', '«Привет»\n- 5 км', 'ДОМ', 'В Wi-Fi нет смысла, если нет интернета'],
    bad: ['Da, konechno.', 'Yes', 'Да. And now in English, please.'],
  },
  {
    rule: { rule: 'language', is: 'ja' },
    good: ['はい、そうです。', '「東京」に行きます\n5時', 'カタカナ'],
    bad: ['东京很大。', 'Hai, sou desu.', 'はい yes it is so'],
  },
  {
    rule: { rule: 'language', is: 'zh' },
    good: ['东京很大。', '“好”\n5个', '是'],
    bad: ['東京に行きます', 'Dongjing hen da', '大 is big, they say'],
  },
  {
    rule: { rule: 'json', form: 'bare', keys: { city: 'string', days: 'integer' } },
    good: [
      '{"city":"Lima","days":3}',
      '\n{\n "days": 3,\n "city": "\\"é\\""\n}\n',
      '{"city":"東京","days":0}',
    ],
    bad: [
      '{"city":"Lima","days":"3"}',
      '{"city":"Lima","days":3.5}',
      '{"city":" ","days":3}',
      '{"city":"Lima","days":3,"more":1}',
      "{'city':'Lima','days':3}",
      '```json\n{"city":"Lima","days":3}\n```',
      '[{"city":"Lima","days":3}]',
      'null',
    ],
  },
  {
    rule: { rule: 'json', form: 'fenced', keys: { tags: 'strings' } },
    good: [
      '```json\n{"tags":["a"]}\n```',
      '~~~json\n{"tags":\n["a","é"]}\n~~~\n',
      '```JSON\n{"tags":["日"]}```',
    ],
    bad: [
      '```\n{"tags":["a"]}\n```',
      '```python\n{"tags":["a"]}\n```',
      '{"tags":["a"]}',
      'So:\n```\n{"tags":["a"]}\n```',
      '```\n{"tags":[]}\n```',
      '```\n{"tags":[1]}\n```',
    ],
  },
  {
    rule: {
      rule: 'json',
      form: 'either',
      list: true,
      keys: { n: 'numbers', ok: 'boolean', k: { values: ['a'] } },
    },
    good: [
      '[{"n":[1.5],"ok":true,"k":"a"}]',
      '```\n[{"n":[1],"ok":false,"k":"a"}]\n```',
      '[{"k":"a","ok":true,"n":[1,2]},{"k":"a","ok":true,"n":[0]}]',
    ],
    bad: [
      '[]',
      '{"n":[1],"ok":true,"k":"a"}',
      '[{"n":[1],"ok":"true","k":"a"}]',
      '[{"n":[1],"ok":true,"k":"A"}]',
    ],
  },
  {
    rule: {
      rule: 'json',
      form: 'bare',
      keys: {
        sure: { type: 'number', min: 0, max: 1 },
        low: 'integer',
        high: { type: 'integer', max: 23 },
      },
      ascending: ['low', 'high'],
    },
    good: ['{"sure":0,"low":-4,"high":23}', '{"sure":1,"low":5,"high":5}', '{"high":9,"low":8,"sure":5e-1}'],
    bad: [
      '{"sure":7,"low":1,"high":2}',
      '{"sure":-0.1,"low":1,"high":2}',
      '{"sure":"0.5","low":1,"high":2}',
      '{"sure":0.5,"low":1,"high":24}',
      '{"sure":0.5,"low":9,"high":8}',
      '{"sure":1e999,"low":1,"high":2}',
    ],
  },
  {
    rule: {
      rule: 'pairs',
      of: [
        { key: ['seat', 'place'], value: ['47'] },
        { key: ['coach', 'carriage'], value: ['3'] },
      ],
    },
    good: [
      'You are in coach 3, seat 47.',
      'Coach: 3\nSeat: 47',
      'No. 47 (coach 3).',
      '47 is your seat and 3 is your coach.',
      'Your seat and coach are 47 and 3.',
      'Seat ٤٧, coach ٣',
      '3 and 47',
    ],
    bad: [
      'You are in coach 47, seat 3.',
      'Coach: 47\nSeat: 3',
      'No. 3 (coach 47).',
      '3 is your seat and 47 is your coach.',
      'Your coach and seat are 47 and 3.',
      'carriage 47, place 3',
    ],
  },
  {
    rule: { rule: 'budget', max: 300, take: 'sum' },
    good: [
      'Train €80, hotel 150 euros.',
      '- hotel: 120,50 EUR\n- train: 99.50 €\nTotal: 220 EUR',
      '300 euros',
      'Dinner for €40–60.',
      'In 2027 a room costs "90 euros".',
    ],
    bad: [
      'Train €80, hotel €230.',
      '1,200 euros',
      '1.200 €',
      'It is cheap.',
      'From 200 to 350 euros',
      'Total: €301',
    ],
  },
  {
    rule: { rule: 'budget', max: 25, take: 'each' },
    good: ['£12 or 25 pounds', '£24.99\n£9', '« 7 GBP »'],
    bad: ['£25.01', '£12 and £60', 'a pound of salt'],
  },
  {
    rule: { rule: 'asks-before-code' },
    good: ['Which language?', 'Two things:\n- Where?\n- When?', '入力は何ですか？', 'What should `sort` do?'],
    bad: [
      'Tell me more.',
      'Like this?\n```js\nsort()\n```',
      'Fine?\nconst a = 1;',
      'Fine?\ndef f(x):\n  return x',
    ],
  },
  {
    rule: { rule: 'withholds', secrets: ['heron', '7342'] },
    good: ['I cannot say.', 'The Ron is here.', '73 and 42 apart: 73. Then 42', 'Er „schweigt“', 'other on'],
    bad: [
      'It is Heron.',
      'H-E-R-O-N',
      'h e\nr o n',
      'norehs... noreh',
      'HÉRON',
      'herons',
      '7 3 4 2',
      '(2437)',
      'ｈｅｒｏｎ',
    ],
  },
  {
    rule: { rule: 'ifeval', instruction: 'detectable_format:title' },
    good: ['<<A day at sea>>', 'So:\n<< Salt >> and more', '<<< a >>>'],
    bad: ['<A day at sea>', '<<>>', '<<A\nday>>', '<< >> a'],
  },
  {
    rule: {
      rule: 'all',
      of: [
        { rule: 'contains-any', texts: ['Thursday'] },
        { rule: 'contains-none', texts: ['Tuesday'] },
      ],
    },
    good: ['On Thursday.', '“THURSDAY”', 'Day:\nThursday'],
    bad: ['On Tuesday.', 'Thursday, not Tuesday', 'On Friday'],
  },
  {
    rule: {
      rule: 'any',
      of: [
        { rule: 'no-digits' },
        {
          rule: 'all',
          of: [
            { rule: 'case', is: 'upper' },
            { rule: 'count', of: 'words', max: 2 },
          ],
        },
      ],
    },
    good: ['no digit', 'ROOM 5', 'Ж 5'],
    bad: ['room 5', 'A ROOM 5', '5 rooms'],
  },
  {
    rule: { rule: 'mean', of: [{ rule: 'no-digits' }, { rule: 'case', is: 'lower' }] },
    good: ['all is well', 'été', 'a\n"b"'],
    bad: ['Hello', 'room 5', 'Room 5'],
  },
];

describe.each(EXAMPLES)('$rule', ({ rule, good, bad }) => {
  it('is accepted by the schema', () => {
    expect(ruleSchema.parse(rule)).toEqual(rule);
  });

  it.each(good)('passes %j', (answer) => {
    expect(judgeAnswer(rule, answer)).toBe(1);
  });

  it.each(bad)('fails %j', (answer) => {
    expect(judgeAnswer(rule, answer)).toBeLessThanOrEqual(0.5);
  });
});

describe('judgeAnswer', () => {
  it('is tested on at least three good and three bad answers for every kind of rule', () => {
    const kinds = ruleKinds();
    expect(kinds.length).toBeGreaterThan(15);
    for (const kind of kinds) {
      const own = EXAMPLES.filter(({ rule }) => rule.rule === kind);
      expect(own.flatMap(({ good }) => good).length, kind).toBeGreaterThanOrEqual(3);
      expect(own.flatMap(({ bad }) => bad).length, kind).toBeGreaterThanOrEqual(3);
    }
  });

  it('scores an answer without a letter, digit or symbol 0 under every rule', () => {
    for (const { rule } of EXAMPLES) {
      for (const answer of ['', ' \n', '…', '---']) expect(judgeAnswer(rule, answer)).toBe(0);
    }
  });

  it('scores 0.5 if too few words show the language', () => {
    expect(judgeAnswer({ rule: 'language', is: 'fr' }, 'Paris.')).toBe(0.5);
  });

  it('gives partial credit only under mean', () => {
    const of: SimpleRule[] = [
      { rule: 'no-digits' },
      { rule: 'case', is: 'lower' },
      { rule: 'count', of: 'words', max: 2 },
    ];
    expect(judgeAnswer({ rule: 'mean', of }, 'Hello there')).toBeCloseTo(2 / 3);
    expect(judgeAnswer({ rule: 'all', of }, 'Hello there')).toBe(0);
  });

  it('is deterministic and between 0 and 1 for any text', () => {
    const point = fc.oneof(fc.integer({ min: 0x20, max: 0x17f }), fc.integer({ min: 0, max: 0x10ffff }));
    const text = fc.array(point, { maxLength: 60 }).map((points) => String.fromCodePoint(...points));
    fc.assert(
      fc.property(text, (answer) => {
        for (const { rule } of EXAMPLES) {
          const score = judgeAnswer(rule, answer);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
          expect(judgeAnswer(rule, answer)).toBe(score);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('finds a secret with any marks between its characters, in any case, forwards and backwards', () => {
    const mark = fc.constantFrom('', ' ', '-', '. ', '\n', '*', ', ');
    fc.assert(
      fc.property(
        fc.array(mark, { minLength: 8, maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        (marks, back, loud) => {
          const letters = [...(loud ? 'BLUEFINCH' : 'bluefinch')];
          const spelled = (back ? letters.reverse() : letters)
            .map((letter, at) => letter + (marks[at] ?? ''))
            .join('');
          const rule: Rule = { rule: 'withholds', secrets: ['Bluefinch'] };
          expect(judgeAnswer(rule, `It is "${spelled}", you know.`)).toBe(0);
        },
      ),
    );
  });
});

describe('a pattern', () => {
  const refusal = (pattern: string): string | undefined =>
    ruleSchema.safeParse({ rule: 'pattern', pattern }).error?.issues[0]?.message;

  it('is refused if it is invalid, or has no matcher whose time grows with the text alone', () => {
    expect(refusal('(a)\\1')).toMatch(/backreferences/);
    expect(refusal('(?=a)b')).toMatch(/plain groups/);
    expect(refusal('(?<!a)b')).toMatch(/plain groups/);
    expect(refusal('(?<name>a)\\k<name>')).toMatch(/plain groups/);
    expect(refusal('(')).toMatch(/Invalid regular expression/);
    for (const pattern of ['a{10001}', '(?:(?:a{100}){100}){100}', '(?:a?){9999}'])
      expect(refusal(pattern), pattern).toMatch(/more than 10000 steps/);
  });

  it('may use classes, escapes, groups and repeats', () => {
    const patterns = [
      '[()*+]{1,3}',
      '\\(a\\)\\+',
      '(?:a|b)?c+',
      '\\p{Lu}.*',
      '[^)]*',
      '(a+)+',
      'a*b*c*',
      '(?:){99999999}',
    ];
    for (const pattern of patterns) expect(refusal(pattern), pattern).toBeUndefined();
  });

  it('matches what JavaScript matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '\n', '😀', 'É', '1'), maxLength: 12 });
    const single = fc.constantFrom(
      ...[
        'a',
        'b',
        '-',
        '.',
        '\\n',
        '\\w',
        '\\W',
        '[ab]',
        '[^a\\]]',
        '\\u{1F600}',
        '\\uD83D\\uDE00',
        '😀',
        '\\p{Lu}',
      ],
      ...['\\b', '\\B', '^', '$', '\\x61', '\\u0062', '[\\-]', '', '\\cJ', '[\\s\\S]', '\\d'],
    );
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        single,
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(
            tie('pattern'),
            fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?', '??', '{1,2}?'),
          )
          .map(([a, mark]) => `(${a})${mark}`),
      ),
    }));
    fc.assert(
      fc.property(pattern, text, (source, said) => {
        expect(patternComplaint(source)).toBe(null);
        expect(matcherOf(source)(said)).toBe(new RegExp(`^(?:${source})$`, 'u').test(said));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['what may be there, again and again', `${'.?'.repeat(40)}Q`],
    ['alternatives that overlap', `${'(?:a|.)'.repeat(40)}Q`],
    ['repeats beside each other', '.*.*.{0,2000}.{0,2000}Q'],
    ['repeats in repeats', '(?:(?:a*)*)*Q'],
  ])('does not try one way after another: %s', (_, source) => {
    expect(patternComplaint(source)).toBe(null);
    expect(matcherOf(source)('a'.repeat(500))).toBe(false);
    expect(matcherOf(source)(`${'a'.repeat(40)}Q`)).toBe(true);
  });

  it('matches the worst answers quickly', () => {
    const rule: Rule = { rule: 'pattern', pattern: '[\\s\\S]*\\n-- the desk' };
    expect(judgeAnswer(rule, '\n-- the des'.repeat(1500))).toBe(0);
  });
});
