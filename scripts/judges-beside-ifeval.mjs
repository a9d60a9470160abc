// Compares the rule `ifeval` with IFEval's own checkers, as lm-eval publishes them, on random answers.
//
//     npm run build && node scripts/judges-beside-ifeval.mjs [--python python3] [--answers 30] [--seed 1]
//
// Python needs lm-eval 0.4.13, nltk 3.9.1, langdetect and immutabledict (`pip install lm-eval[ifeval]`; the folder tasks/ifeval of
// its wheel on PYTHONPATH is enough). The rules are those of the material `realguardrails`; each judges this many answers.
// Exits with 1 if anything differs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeAnswer, loadMaterial } from '../dist/material/index.js';
import { createRandom } from '../dist/random.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    answers: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
});
const HALF = fileURLToPath(new URL('judges-beside-ifeval.py', import.meta.url));
const SHOWN = 5;
const random = createRandom(Number(values.seed));
const below = (bound) => Math.floor(random() * bound);
const oneOf = (list) => list[below(list.length)];
const several = (most, make) => Array.from({ length: 1 + below(most) }, make);

const WORDS =
  "the a ship harbour İstanbul ılık naïve e.g. don't 3.50 ① ½ 東京 Straße snake_case I it Q q zoo said 🙂 été x".split(
    ' ',
  );
const SPACES = [
  ' ',
  ' ',
  ' ',
  ' ',
  '  ',
  '\n',
  '\n\n',
  '\n \n',
  '\t',
  '\u00a0',
  '\u2028',
  '\u0085',
  '\u001c',
  '\ufeff',
  '\r\n',
];
const MARKS = [
  ...[
    '.',
    ',',
    '!',
    '?',
    '"',
    "'",
    '*',
    '**',
    '***',
    '******',
    '-',
    '- ',
    '* ',
    '\n* ',
    '\n- ',
    '\n*** \n',
    '\n******\n',
  ],
  ...[
    '[name]',
    '[',
    ']',
    '[]',
    '<<Title>>',
    '<<',
    '>>',
    '<< >>',
    '*bold*',
    '**very**',
    '* *',
    'P.S.',
    'P. S. ',
    'p.p.s',
    'P.P.S',
  ],
  ...[
    'Section 1',
    'SECTION 2',
    'Section  3',
    'Section ٣',
    'My answer is yes.',
    'My answer is no',
    'my answer is maybe.',
  ],
];
const JSON_TEXTS = [
  ...[
    '{"a": 1}',
    '{"a": NaN}',
    '[1, -Infinity]',
    '{"a": "NaN, Infinity"}',
    "{'a': 1}",
    '{"a": 1,}',
    '"text"',
    '5',
    'true',
    'nul',
  ],
  ...[
    '{"a": "b\nc"}',
    '{"a": "\\u00e9"}',
    '{"a": 01}',
    '[1e999]',
    '\ufeff{}',
    '{} {}',
    'Infinity',
    '{"a": +1}',
    '[NaN1]',
    '{NaN: 1}',
  ],
];
const FENCES = [
  ['```json\n', '\n```'],
  ['```', '```'],
  ['```JSON ', ''],
  ['', '```'],
  ['```js\n', '\n```'],
  ['', ''],
];

/** The words that decide a rule: keywords, letters, phrases. */
const hints = (rule) => [
  ...(rule.keywords ?? rule.forbidden_words ?? []),
  ...[rule.keyword, rule.letter, rule.first_word, rule.end_phrase, rule.postscript_marker].filter(Boolean),
  ...(rule.section_spliter ? [1, 2, 3, 4].map((n) => `${rule.section_spliter} ${n}`) : []),
];
const inSomeCase = (text) =>
  oneOf([text, text, text.toUpperCase(), text.toLowerCase(), `un${text}`, `${text}s`]);

function passage(rule, most) {
  const own = hints(rule);
  return several(most, () => {
    const draw = random();
    if (own.length > 0 && draw < 0.25) return inSomeCase(oneOf(own));
    return draw < 0.55 ? oneOf(WORDS) : draw < 0.85 ? oneOf(MARKS) : `${oneOf(WORDS)}${oneOf(MARKS)}`;
  })
    .map((piece) => piece + oneOf(SPACES))
    .join('');
}

/** Returns `times` copies of a unit with something between them: near the bound of a rule. */
function repeated(rule) {
  const bound =
    Object.entries(rule).find(([key, value]) => typeof value === 'number' && key !== 'nth_paragraph')?.[1] ??
    2;
  const [unit, between] = {
    'keywords:frequency': [rule.keyword, ' '],
    'keywords:letter_frequency': [`${rule.letter}zz`, ' '],
    'length_constraints:number_words': ['word', ' '],
    'length_constraints:number_paragraphs': [`text${oneOf(SPACES)}`, '\n***\n'],
    'length_constraints:nth_paragraph_first_word': [`${inSomeCase(rule.first_word ?? '')}, then`, '\n\n'],
    'detectable_content:number_placeholders': ['[a]', ' '],
    'detectable_format:number_bullet_lists': [oneOf(['* a', '- a', '  * a', '** a', '*']), '\n'],
    'detectable_format:number_highlighted_sections': [oneOf(['*a*', '**a**', '* *', '*a']), ' '],
    'detectable_format:multiple_sections': [`${rule.section_spliter} 7`, ' x '],
    'combination:two_responses': [oneOf(['same', `text ${below(3)}`]), '******'],
  }[rule.instruction] ?? ['word', oneOf([' ', ', '])];
  return Array.from({ length: Math.max(0, bound + below(3) - 1) }, (_, at) =>
    rule.instruction === 'combination:two_responses' && random() < 0.7 ? `${unit} ${at}` : unit,
  ).join(between);
}

function answerTo(rule) {
  const draw = random();
  if (rule.instruction === 'detectable_format:json_format' && draw < 0.7) {
    const [before, after] = oneOf(FENCES);
    return before + oneOf(JSON_TEXTS) + after;
  }
  if (rule.keywords && draw < 0.4) return rule.keywords.map(inSomeCase).join(oneOf(SPACES));
  if (rule.end_phrase && draw < 0.4)
    return `${passage(rule, 5)}${inSomeCase(rule.end_phrase)}${oneOf(['', '"', '" ', '.'])}`;
  if (rule.instruction === 'startend:quotation' && draw < 0.5)
    return `${oneOf(SPACES)}"${passage(rule, 5)}"${oneOf(SPACES)}`;
  if (draw < 0.75) return repeated(rule) + oneOf(['', ' ', ` ${passage(rule, 3)}`]);
  return passage(rule, 25);
}

const rules = loadMaterial('realguardrails').prompts.flatMap(({ judge }) =>
  judge.rule === 'all' ? judge.of : [judge],
);
const cases = rules.flatMap((rule) => {
  const { rule: _, instruction, ...args } = rule;
  return Array.from({ length: Number(values.answers) }, () => ({
    instruction,
    arguments: args,
    answer: answerTo(rule),
    rule,
  }));
});
const { stdout, stderr, status } = spawnSync(values.python, [HALF], {
  input: JSON.stringify(cases.map(({ rule: _, ...rest }) => rest)),
  encoding: 'utf8',
  maxBuffer: 2 ** 30,
});
if (status !== 0) throw new Error(`${values.python} failed: ${stderr}`);
const { version, verdicts } = JSON.parse(stdout);

// Under every rule of ours, an answer without a letter, digit or symbol scores 0.
const saysAnything = (answer) => /[\p{L}\p{N}\p{S}]/u.test(answer);
const counts = new Map();
let shown = 0;
for (const [at, { instruction, arguments: args, answer, rule }] of cases.entries()) {
  const count = counts.get(instruction) ?? { answers: 0, passed: 0, unsaid: 0, differ: 0 };
  counts.set(instruction, count);
  count.answers++;
  if (verdicts[at]) count.passed++;
  if (judgeAnswer(rule, answer) === Number(verdicts[at])) continue;
  if (!saysAnything(answer)) {
    count.unsaid++;
    continue;
  }
  count.differ++;
  if (++shown <= SHOWN)
    console.log(
      `${instruction} ${JSON.stringify(args)}: Python says ${verdicts[at]} of ${JSON.stringify(answer)}`,
    );
}
console.log(`lm-eval ${version}, ${cases.length} answers, seed ${values.seed}\n`);
console.log(
  '| instruction | answers | Python passes | differ, nothing said | differ |\n| --- | --- | --- | --- | --- |',
);
for (const [instruction, { answers, passed, unsaid, differ }] of [...counts].sort()) {
  console.log(`| \`${instruction}\` | ${answers} | ${passed} | ${unsaid} | ${differ} |`);
}
process.exitCode = [...counts.values()].some(({ differ }) => differ > 0) ? 1 : 0;
