// Renders many templates with many dialogues, here and by Jinja in Python as transformers calls it, and compares the
// texts and checks the spans. Ends with 1 if a text differs in silence or a layout is unsound.
//
//     npm run build
//     node scripts/templates-beside-jinja.mjs --templates real.json --dialogues dialogues.json --tokenizer tokenizer.json
//
// --templates is a JSON list of {name, source}; --dialogues, an object of lists of [role, content], adds to the dialogues
// below; --python is the program that has transformers and jinja2 (default: python3).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  chatFormat,
  compileTemplate,
  layoutDialogue,
  parseMoment,
  tokenizerFromJson,
} from '../dist/text/index.js';

const { values: options } = parseArgs({
  options: {
    templates: { type: 'string' },
    dialogues: { type: 'string' },
    tokenizer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

const system = (content) => ['system', content];
const user = (content) => ['user', content];
const assistant = (content) => ['assistant', content];
const LONG = 'The river carries what the town lets go of. '.repeat(200);
/** Dialogues that are hard for templates. */
const HARD = {
  zero: [system('0'), user('0'), assistant('0'), user('0')],
  false: [system('False'), user('none'), assistant('true'), user('undefined')],
  emptyAll: [system(''), user(''), assistant(''), user('')],
  emptyLast: [user('One?'), assistant('')],
  blank: [system(' '), user(' '), assistant(' '), user(' ')],
  breaks: [system('\n'), user('\n\n'), assistant('\r\n'), user('\r')],
  nextLine: [system('\u0085'), user('\u0085'), assistant('\u0085'), user('\u0085')],
  separator: [system('\u001c'), user('\u001d'), assistant('\u001e'), user('\u001f')],
  spaces: [system('\u00a0a\u3000'), user('\u2003b\u2028'), assistant('\ufeffc\ufeff'), user('\u180ed\u200b')],
  crlfEverywhere: [system('One\r\nTwo\r\n'), user('\r\nThree'), assistant('Four\r'), user('Five\n\r')],
  control: [system('a\u0000b\u0007'), user('\u001b[31m'), assistant('\b'), user('\u007f')],
  astral: [system('👩‍🚀 aye'), user('𝔘𝔫𝔦'), assistant('🏴󠁧󠁢󠁳󠁣󠁴󠁿'), user('a\u0301 日本語 עברית')],
  casing: [system('ß İ ı ŉ ﬁ'), user('ΑΣ σας'), assistant('ǆ Ǆ'), user('ﬀ')],
  quotes: [system('"\'`'), user('\\n \\" \\\\'), assistant('<b>&amp;</b>'), user('</s>')],
  jinja: [system('{{ x }}'), user('{% if %}'), assistant('{# c #}'), user('{{')],
  percent: [system('%s %d'), user('{} {0}'), assistant('100%'), user('$x')],
  json: [
    system('{"a": [1, 2]}'),
    user('[1, null]'),
    assistant('{"name": "f", "arguments": {}}'),
    user('1.0'),
  ],
  long: [system(LONG), user(LONG), assistant(LONG), user('And?')],
  many: [
    system('Brief.'),
    ...Array.from({ length: 20 }, (_, i) => [user(`Q${i}`), assistant(`A${i}`)]).flat(),
  ],
  thinkOpen: [user('One?'), assistant('<think>\nhm'), user('Two?')],
  thinkClose: [user('One?'), assistant('hm</think>\n\nAye.'), user('Two?'), assistant('\n</think>Aye.')],
  thinkTwice: [user('One?'), assistant('<think>a</think>b<think>c</think>d'), user('Two?')],
  thinkEmpty: [system('Brief.'), user('One?'), assistant('<think>\n\n</think>\n\nAye.'), user('Two?')],
  tools: [user('<tool_response>x</tool_response>'), assistant('<tool_call>{}</tool_call>'), user('Now?')],
  headers: [system('<|im_start|>system'), user('[INST] x [/INST]'), assistant('<<SYS>>'), user('<|eot_id|>')],
  systemLast: [user('One?'), assistant('Uno.'), system('Brief.')],
  systemMiddle: [system('A'), user('One?'), system('B'), assistant('Uno.'), system('C'), user('Two?')],
  assistantTwice: [user('One?'), assistant('Uno.'), assistant('Dos.'), user('Three?')],
  assistantOnly: [assistant('Welcome.')],
  none: [],
};

const templates = read(options.templates);
const given = options.dialogues === undefined ? {} : read(options.dialogues);
const dialogues = Object.entries({ ...HARD, ...given }).map(([name, messages]) => ({
  name,
  messages: messages.map(([role, content]) => ({ role, content })),
}));
const tokens = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' };
const NOW = '2024-07-05T07:08:09';
const cases = templates.flatMap(({ name, source }) =>
  dialogues.flatMap((dialogue) =>
    [true, false].map((generation) => ({
      ...{ template: name, source, dialogue: dialogue.name, messages: dialogue.messages, generation },
      now: NOW,
      names: {
        ...{ ...tokens, messages: dialogue.messages, add_generation_prompt: generation },
        ...{ tools: null, documents: null },
      },
    })),
  ),
);

const python = spawnSync(options.python, [join(dirname(fileURLToPath(import.meta.url)), 'jinja.py')], {
  input: JSON.stringify(cases.map(({ source, names, now }) => ({ source, names, now }))),
  maxBuffer: 2 ** 31,
  stdio: ['pipe', 'pipe', 'inherit'],
});
if (python.status !== 0) throw new Error(`${options.python} failed`);
const theirs = JSON.parse(python.stdout);

const counts = { same: 0, 'both refuse': 0, 'refused only here': 0, 'refused only there': 0, different: 0 };
const reasons = new Map();
const refusedTemplates = new Set();
const compiled = new Map();
/** Renders a case here. */
function render({ source, messages, generation }) {
  try {
    if (!compiled.has(source)) compiled.set(source, compileTemplate(source));
    const now = parseMoment(NOW);
    const options = { addGenerationPrompt: generation, specialTokens: tokens, now };
    return { text: compiled.get(source).render(messages, options) };
  } catch (error) {
    if (error.code !== 'E_TEMPLATE') throw error;
    return { error: error.message };
  }
}
for (const [i, one] of cases.entries()) {
  const [ours, other] = [render(one), theirs[i]];
  let outcome = 'same';
  if (ours.error !== undefined) outcome = other.error === undefined ? 'refused only here' : 'both refuse';
  else if (other.error !== undefined) outcome = 'refused only there';
  else if (ours.text !== other.text) outcome = 'different';
  counts[outcome]++;
  if (outcome === 'refused only here') {
    reasons.set(ours.error, (reasons.get(ours.error) ?? 0) + 1);
    refusedTemplates.add(one.template);
  }
  if (outcome === 'different' || outcome === 'refused only there') {
    console.log(`${outcome}: ${one.template}, dialogue ${one.dialogue}, generation prompt ${one.generation}`);
    console.log(`  here:  ${JSON.stringify(ours)}\n  there: ${JSON.stringify(other)}`);
  }
}
console.log(`${templates.length} templates, ${dialogues.length} dialogues:`, counts);
for (const [reason, count] of reasons) console.log(`  refused only here, ${count} times: ${reason}`);
console.log(`templates refused only here: ${refusedTemplates.size} of ${templates.length}`);
const unsound = options.tokenizer === undefined ? 0 : checkLayouts(read(options.tokenizer));
const silent = counts.different + counts['refused only there'];
process.exitCode = silent + unsound > 0 ? 1 : 0;

/** Lays every case out and checks its spans. Returns the number of unsound layouts. */
function checkLayouts(tokenizerJson) {
  const tokenizer = tokenizerFromJson(tokenizerJson, {}, 'tokenizer.json');
  const isSpecial = (id) => tokenizer.isSpecial(id);
  const layouts = { sound: 0, E_TEMPLATE: 0, E_SPANS: 0, unsound: 0 };
  for (const { template, source, dialogue, messages, generation } of cases) {
    if (messages.length === 0) continue;
    let layout;
    try {
      const now = parseMoment(NOW);
      const format = { ...chatFormat({ tokenizer, template: source }), specialTokens: tokens };
      layout = layoutDialogue(format, messages, {
        ...{ addGenerationPrompt: generation, now },
      });
    } catch (error) {
      if (error.code !== 'E_TEMPLATE' && error.code !== 'E_SPANS') throw error;
      layouts[error.code]++;
      continue;
    }
    const problem = problemOf(layout, messages);
    layouts[problem === null ? 'sound' : 'unsound']++;
    if (problem !== null) console.log(`unsound layout: ${template}, dialogue ${dialogue}: ${problem}`);
  }
  console.log('layouts:', layouts);
  return layouts.unsound;

  function problemOf({ ids, spans, messages: placed }, messages) {
    let at = 0;
    for (const { start, end } of spans) {
      if (start !== at || end <= start) return 'the spans are not in order';
      at = end;
    }
    if (at !== ids.length) return 'the spans do not cover the tokens';
    const owners = new Map();
    for (const [index, { places }] of placed.entries()) {
      for (const { start, end, content } of places) {
        for (let i = start; i < end; i++) {
          if (owners.has(i)) return `token ${i} belongs to two messages`;
          owners.set(i, index);
        }
        for (const words of content) {
          if (words.start < start || words.end > end) return `words of message ${index} are outside it`;
          if (words.end === words.start) continue;
          const span = spans.find((candidate) => candidate.start === words.start);
          if (span?.end !== words.end || span.role !== messages[index].role) {
            return `the words of message ${index} are no span of its role`;
          }
          if (ids.slice(words.start, words.end).some(isSpecial))
            return `message ${index} writes a control token`;
        }
      }
    }
    return null;
  }
}
