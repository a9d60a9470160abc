import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubPlace } from '../support/hub-place.js';
import { simulateStudy, TRUE_ARMS } from '../support/simulated-study.js';
import { writeStudy } from '../support/study-folder.js';
import { type Environment, fixture, holdfast, temporaryFile, temporaryFolder } from './holdfast.js';
import { hasScript, type } from './terminal.js';

/** Sets a title, clears the screen in C0 and C1, and turns the direction of the text around. */
const EVIL = '\u001b]0;x\u0007\u001b[2J\u009b2J\u007f\r\u202e\u2066';
const FORBIDDEN = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
/** What is left of {@link EVIL} in the output. It shows that the text got there. */
const ESCAPED = /\\u001b|\\u009b|\\u202e/;

const llama = fixture('models/llama');
/** The same letters as a byte-level token. */
const EVIL_TOKEN = 'ě]0;xćÂĽ2Jġ';

interface Change {
  readonly [file: string]: (text: string) => string | Uint8Array;
}

/** Copies the tiny llama to a folder with a hostile name, and changes its files. */
function hostileModel(change: Change = {}): string {
  const folder = join(temporaryFolder(), `model${EVIL}\nerror: E_FAKE: another line`);
  cpSync(llama, folder, { recursive: true });
  for (const [name, edit] of Object.entries(change)) {
    const path = join(folder, name);
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  }
  return folder;
}

/** Makes every token of several bytes write escape sequences, the special ones too. */
function hostileTokens(text: string): string {
  const json = JSON.parse(text);
  const added = json.added_tokens as { content: string }[];
  const special = new Set(added.map(({ content }) => content));
  const renamed = (token: string, id: number): string =>
    special.has(token) || token.length === 1 ? token : `${EVIL_TOKEN}${token}${id}`;
  json.model.vocab = Object.fromEntries(
    Object.entries<number>(json.model.vocab).map(([token, id]) => [renamed(token, id), id]),
  );
  json.model.merges = [];
  return JSON.stringify(json);
}

const MESSAGES = [
  { role: 'system', content: `Be ${EVIL}.` },
  { role: 'user', content: `Who\n${EVIL}?` },
];
const dialogue = (): string => temporaryFile(`chat${EVIL}.json`, MESSAGES);
const config = (change: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...change });
const QUICK = ['--max-tokens', '6', '--temperature', '0', '--threads', '1'];

/** Runs a command and returns all that it shows. */
async function shown(args: readonly string[], stdin = '', environment: Environment = {}): Promise<string> {
  const { stdout, stderr } = await holdfast(args, stdin, environment);
  return stdout + stderr;
}

function expectHarmless(text: string): void {
  expect(text).not.toMatch(FORBIDDEN);
  expect(text, 'the hostile text is in the output').toMatch(ESCAPED);
  expect(text, 'no name begins a line').not.toMatch(/^error: E_FAKE/m);
}

describe('a hostile model, dialogue or path cannot act on the terminal', () => {
  it.each<[string, () => readonly string[], string?]>([
    ['inspect', () => ['inspect', hostileModel(), '--tensors']],
    ['inspect --json', () => ['inspect', hostileModel(), '--json']],
    [
      'inspect, of a template that raises',
      () => [
        'inspect',
        hostileModel({ 'chat_template.jinja': () => `{{ raise_exception(${JSON.stringify(EVIL)}) }}` }),
      ],
    ],
    ['tokens of a text', () => ['tokens', llama, '--text', EVIL]],
    ['tokens of a text as JSON', () => ['tokens', llama, '--text', EVIL, '--json']],
    ['tokens of a dialogue', () => ['tokens', hostileModel(), '--chat', dialogue()]],
    [
      'tokens of hostile tokens',
      () => ['tokens', hostileModel({ 'tokenizer.json': hostileTokens }), '--chat', dialogue()],
    ],
    [
      'tokens, with a template that raises',
      () => [
        'tokens',
        hostileModel({ 'chat_template.jinja': () => `{{ raise_exception(${JSON.stringify(EVIL)}) }}` }),
        '--chat',
        dialogue(),
      ],
    ],
    [
      'tokens, with a template that cannot be parsed',
      () => ['tokens', hostileModel({ 'chat_template.jinja': () => `{% ${EVIL} %}` }), '--chat', dialogue()],
    ],
    [
      'tokens of a wrong dialogue',
      () => ['tokens', llama, '--chat', temporaryFile(`a${EVIL}.json`, [{ role: EVIL }])],
    ],
    ['tokens of what is not JSON', () => ['tokens', llama, '--chat', temporaryFile('a.json', EVIL)]],
    [
      'chat, whose model writes escape sequences',
      () => ['chat', hostileModel({ 'tokenizer.json': hostileTokens }), ...QUICK],
      'a\nb\n',
    ],
    [
      'chat --json',
      () => ['chat', hostileModel({ 'tokenizer.json': hostileTokens }), ...QUICK, '--json'],
      'a\n',
    ],
    ['chat --compare', () => ['chat', llama, ...QUICK, '--system', 'a', '--hold', '--compare'], `/${EVIL}\n`],
    [
      'chat, on commands',
      () => ['chat', llama, ...QUICK],
      `/system ${EVIL}\n/load ${EVIL}\n/save missing/${EVIL}\n`,
    ],
    [
      'chat --load',
      () => ['chat', llama, ...QUICK, '--load', dialogue(), '--compare', '--hold'],
      '/system\n',
    ],
    ['trace', () => ['trace', llama, '--chat', dialogue(), '--out', join(temporaryFolder(), `t${EVIL}`)]],
    [
      'measure',
      () => [
        ...['measure', llama, '--chat', dialogue(), '--out', join(temporaryFolder(), `m${EVIL}`)],
        ...['--max-tokens', '2', '--threads', '1'],
      ],
    ],
    ['bench', () => ['bench', hostileModel(), '--prompt', '4', '--tokens', '1', '--rounds', '1']],
    [
      'an error in config.json',
      () => ['inspect', hostileModel({ 'config.json': config({ model_type: EVIL }) })],
    ],
    ['an error in a file of JSON', () => ['inspect', hostileModel({ 'config.json': () => EVIL })]],
    [
      'an unknown tensor type',
      () => [
        'inspect',
        hostileModel({
          'model.safetensors': () => {
            const header = JSON.stringify({ [EVIL]: { dtype: EVIL, shape: [], data_offsets: [0, 0] } });
            const length = new Uint8Array(8);
            new DataView(length.buffer).setUint32(0, Buffer.byteLength(header), true);
            return Buffer.concat([length, Buffer.from(header)]);
          },
        }),
      ],
    ],
    ['a usage error', () => ['chat', `--${EVIL}`]],
    ['a model that does not exist', () => ['inspect', `./${EVIL}`]],
    ['a stack trace', () => ['--debug', 'inspect', `./${EVIL}`]],
    [
      'a study with mistakes',
      () => [
        'study',
        'run',
        temporaryFile(`s${EVIL}.yaml`, `name: ${JSON.stringify(EVIL)}\n"${'\\e'}[2J": 1\n`),
      ],
    ],
    ['the status of no study', () => ['study', 'status', `./${EVIL}`]],
  ])('%s', async (_, args, stdin = '') => {
    expectHarmless(await shown(args(), stdin));
  });

  it('and leaves no file in the working folder', () => {
    expect(readdirSync('.').filter((name) => FORBIDDEN.test(name))).toEqual([]);
  });

  it('the results of a study', async () => {
    const folder = join(temporaryFolder(), `study${EVIL}`);
    mkdirSync(folder);
    const [off, split] = TRUE_ARMS;
    const arms = [off!, { ...split!, name: `split ${EVIL}\nerror: E_FAKE: another line` }];
    await writeStudy(folder, simulateStudy({ dialogues: 4, rounds: 4, arms }));
    for (const command of ['status', 'compare', 'power', 'report']) {
      expectHarmless(await shown(['study', command, folder]));
    }
    expectHarmless(await shown(['study', 'status', folder, '--json']));
    expectHarmless(await shown(['study', 'merge', folder, '--out', join(temporaryFolder(), `all${EVIL}`)]));
  });

  it('answers of a study to label', async () => {
    const folder = join(temporaryFolder(), `study${EVIL}`);
    mkdirSync(folder);
    const [off, split] = TRUE_ARMS;
    await writeStudy(
      folder,
      simulateStudy({ dialogues: 4, rounds: 4, arms: [off!, { ...split!, name: EVIL }] }),
    );
    const labels = join(folder, 'labels.csv');
    expectHarmless(await shown(['judge', 'sample', folder, '--out', labels]));
    expectHarmless(await shown(['judge', 'agree', folder, labels]));
    writeFileSync(labels, readFileSync(labels, 'utf8').replace(/,$/gm, ',yes'));
    expectHarmless(await shown(['judge', 'agree', folder, labels]));
    expectHarmless(await shown(['judge', 'agree', folder, labels, '--json']));
  });

  it('the cache', async () => {
    const cache = join(temporaryFolder(), `cache${EVIL}`);
    mkdirSync(join(cache, `models--owner--${EVIL}`), { recursive: true });
    const environment = { HF_HUB_CACHE: cache };
    expectHarmless(await shown(['models'], '', environment));
    expectHarmless(await shown(['models', '--json'], '', environment));
    expectHarmless(await shown(['models', 'rm', `owner/${EVIL}`], '', environment));
    expectHarmless(await shown(['models', 'rm', `owner/${EVIL}`, '--yes'], '', environment));
  });

  it('a hub', async () => {
    const gguf = readFileSync(fixture('gguf/llama.Q8_0.gguf'));
    const at = await hubPlace({ 'owner/model': { files: { 'a\u202eb.gguf': gguf } } });
    const environment = {
      ...{ HF_ENDPOINT: at.hub.endpoint, HF_HUB_CACHE: at.cache },
      ...{ HF_HUB_OFFLINE: '0', HF_TOKEN_PATH: '/nowhere' },
    };
    const pull = () => shown(['pull', 'owner/model'], '', environment);
    at.hub.listingStatus.push({ status: 403, headers: { 'x-error-message': 'no\u009b2J' } });
    expectHarmless(await pull());
    at.hub.tamper = ({ siblings }) => ({ sha: EVIL, siblings });
    expect(await pull()).not.toMatch(FORBIDDEN);
    at.hub.tamper = ({ sha, siblings }) => ({ sha, siblings: [{ ...siblings[0], [EVIL]: 1, size: EVIL }] });
    expect(await pull()).not.toMatch(FORBIDDEN);
    at.hub.tamper = (listing) => listing;
    expectHarmless(await pull());
  });

  it.runIf(hasScript)('a terminal with colours gets only our own escape sequences', async () => {
    const model = hostileModel({ 'tokenizer.json': hostileTokens });
    const { screen } = await type(['inspect', model, '--tensors'], [], { NO_COLOR: '' });
    expect(screen).toContain('\u001b[1m');
    // The pseudo-terminal writes line breaks as \r\n.
    expectHarmless(screen.replaceAll('\u001b[1m', '').replaceAll('\u001b[0m', '').replaceAll('\r\n', '\n'));
  });
});
