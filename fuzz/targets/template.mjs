import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { HoldfastError } from '../../dist-fuzz/errors.js';
import { compileTemplate, parseMoment } from '../../dist-fuzz/text/index.js';
import { decodeUtf8 } from '../../dist-fuzz/utf8.js';
import { nextUse } from '../memory.mjs';

const MODELS = new URL('../../test/fixtures/models/', import.meta.url);
const CASES = new URL('../../src/jinja/cases.json', import.meta.url);
const NOW = parseMoment('2026-01-31T09:00:00');
const DIALOGUES = [
  [{ role: 'user', content: 'hello' }],
  [
    { role: 'system', content: "You are the keeper of the 'rope'." },
    { role: 'user', content: '{{ 7 * 7 }} é😀' },
    { role: 'assistant', content: '' },
    { role: 'user', content: ' spaces \n' },
  ],
];

/** A chat template. It renders twice to the same text, and the words of messages are where it says. */
export default {
  rooms: ['jinja', 'text'],
  kind: 'text',
  longest: 4096,
  uses: 2 * DIALOGUES.length,
  seeds: () => [...published(), ...constructs()],
  read(bytes) {
    const template = compileTemplate(decodeUtf8(bytes, 'input'), 'input');
    const renderings = DIALOGUES.map((messages, index) => rendered(template, messages, index));
    const [first] = renderings;
    // A template may have no place for a system prompt. It has to take one of the dialogues.
    if (renderings.every(({ refusal }) => refusal !== null)) throw first.refusal;
    return { template, renderings };
  },
  check({ template, renderings }) {
    for (const [index, messages] of DIALOGUES.entries()) {
      const { refusal, rendering } = renderings[index];
      if (refusal === null) checkWords(rendering, messages);
      // Also a refusal is the same twice: no limit depends on what was rendered before.
      const again = rendered(template, messages, index);
      deepStrictEqual(again.rendering, rendering);
      strictEqual(again.refusal?.message, refusal?.message);
    }
  },
};

/** Renders a dialogue. Returns the refusal instead if the template refuses it, or runs into its limits. */
function rendered(template, messages, index) {
  nextUse();
  const options = { addGenerationPrompt: index === 0, now: NOW, specialTokens: { bos_token: '<s>' } };
  try {
    return { refusal: null, rendering: template.renderWords(messages, options) };
  } catch (refusal) {
    if (!(refusal instanceof HoldfastError)) throw refusal;
    return { refusal, rendering: null };
  }
}

function checkWords({ text, words }, messages) {
  let done = 0;
  for (const { start, end, message } of words) {
    ok(
      done <= start && start <= end && end <= text.length,
      'words of messages are not ascending ranges of the text',
    );
    ok(message >= 0 && message < messages.length, 'words of a message that there is not');
    done = end;
  }
  strictEqual(typeof text, 'string');
}

const published = () =>
  readdirSync(MODELS).map(
    (name) => new Uint8Array(readFileSync(new URL(`${name}/chat_template.jinja`, MODELS))),
  );

/** A small template for each construct of Jinja that Python renders, with the values that it names. */
function constructs() {
  const { names, cases } = JSON.parse(readFileSync(CASES, 'utf8'));
  const sources = cases.filter(({ text }) => text !== undefined).map(({ source }) => source);
  return [...new Set(sources)].map((source) => {
    const used = Object.keys(names).filter((name) => new RegExp(`\\b${name}\\b`).test(source));
    const set = used.map((name) => `{% set ${name} = ${literal(names[name])} %}`).join('');
    return new Uint8Array(Buffer.from(set + source));
  });
}

/** Writes JSON in Jinja. */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join()}]`;
  if (value === null) return 'none';
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${literal(entry)}`);
  return `{${entries.join()}}`;
}
