import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { compileTemplate, parseMoment } from '../../dist-fuzz/text/index.js';
import { decodeUtf8 } from '../../dist-fuzz/utf8.js';
import { refused } from '../sources.mjs';

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
  async run(bytes) {
    const template = compileTemplate(decodeUtf8(bytes, 'input'), 'input');
    for (const [index, messages] of DIALOGUES.entries()) {
      const options = { addGenerationPrompt: index === 0, now: NOW, specialTokens: { bos_token: '<s>' } };
      const first = await refused(() => template.renderWords(messages, options));
      if (first === undefined) continue;
      checkWords(first, messages);
      deepStrictEqual(template.renderWords(messages, options), first);
    }
  },
};

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

/** A small template for each construct of Jinja. */
function constructs() {
  const cases = JSON.parse(readFileSync(CASES, 'utf8'));
  return [
    ...new Set(
      Object.values(cases)
        .flat()
        .map(({ source, template }) => source ?? template),
    ),
  ]
    .filter((source) => typeof source === 'string')
    .map((source) => new Uint8Array(Buffer.from(source)));
}
