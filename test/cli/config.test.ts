import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectFailure, fixture, holdfast, temporaryFile, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');

/** Runs a command with this configuration. */
function configured(config: string, args: readonly string[], stdin = '') {
  const home = temporaryFolder();
  mkdirSync(join(home, 'holdfast'));
  writeFileSync(join(home, 'holdfast/config.yaml'), config);
  return holdfast(args, stdin, { XDG_CONFIG_HOME: home });
}

/** Starts a chat with this configuration, and returns some of its settings and the errors. */
async function chat(config: string, args: readonly string[] = []) {
  const lines = ['/set temperature', '/set max-tokens', '/set stop', '/system', '/on'].join('\n');
  const { code, stderr } = await configured(config, ['chat', llama, '--threads', '1', ...args], `${lines}\n`);
  return { code, notes: stderr.trim().split('\n') };
}

const CONFIG = `
options:
  all: { threads: 1, max-tokens: 5, budget: 0.5 }
  chat: { temperature: 0.5, stop: [a, b], system: From the file. }
presets:
  cold: { temperature: 0, policy: boost, strength: 2 }
`;

describe('the configuration file', () => {
  it('sets options of a command, and those of all commands that have them', async () => {
    const { notes, code } = await chat(CONFIG);
    expect(notes.slice(0, 4)).toEqual([
      'temperature 0.5',
      'max-tokens 5',
      'stop "a" "b"',
      'system prompt: From the file.',
    ]);
    expect(code).toBe(0);
  });

  it('gives way to the command line, with all that is excluded there', async () => {
    const prompt = temporaryFile('prompt.txt', 'Another.');
    const given = ['--temperature=1', '--max-tokens', '7', '--stop', 'c', '--system-file', prompt];
    expect((await chat(CONFIG, given)).notes.slice(0, 4)).toEqual([
      'temperature 1',
      'max-tokens 7',
      'stop "c"',
      'system prompt: Another.',
    ]);
  });

  it('has presets, which come before the options of a command', async () => {
    const { notes } = await chat(CONFIG, ['--preset', 'cold']);
    expect(notes).toContain('temperature 0');
    expect(notes.at(-1)).toBe('boost, M = 2');
    const held = await chat(CONFIG.replace('chat: {', 'chat: { hold: true,'), ['--preset=cold']);
    expect(held.notes.at(-1)).toBe('boost, M = 2');
    const own = await chat(CONFIG, ['--preset', 'cold', '--policy', 'split-softmax', '--strength', '0.5']);
    expect(own.notes.at(-1)).toBe('split-softmax, k = 0.5');
  });

  it('may be empty, and changes nothing that it does not name', async () => {
    const tokens = ['tokens', llama, '--text', 'hello', '--json'];
    const plain = await holdfast(tokens);
    for (const config of ['', '# nothing', CONFIG, 'options:\n  tokens:']) {
      expect(await configured(config, tokens)).toEqual(plain);
    }
    expect((await configured('options: { tokens: { oops: 1 } }', ['tokens', '--help'])).code).toBe(0);
  });

  it('names subcommands by all their words', async () => {
    const outcome = await configured('options: { study run: { shard: 3/2 } }', ['study', 'run', 'x.yaml']);
    expectFailure(outcome, 2, /--shard <i\/n\|array>.*'3\/2' is invalid/);
    expectFailure(
      await configured('options: { study rn: { jobs: 2 } }', ['study', 'run', 'x.yaml']),
      2,
      /"study rn" is not a command \(.*field options\.study rn\)\. Did you mean study run\?/,
    );
  });

  it.each<[string, string, RegExp]>([
    [
      'an unknown option',
      'options: { chat: { temprature: 1 } }',
      /"temprature" is not an option of chat \(.*config\.yaml, field options\.chat\.temprature\)\. Did you mean temperature\?/,
    ],
    [
      'an unknown command',
      'options: { chatt: {} }',
      /"chatt" is not a command \(.*field options\.chatt\)\. Did you mean chat\?/,
    ],
    [
      'an option of all commands that none has',
      'options: { all: { threads: 1, thraeds: 2 } }',
      /"thraeds" is not an option of any command \(.*field options\.all\.thraeds\)\. Did you mean threads\?/,
    ],
    [
      'a preset among the options',
      'options: { chat: { preset: cold } }',
      /a preset cannot be chosen in the file \(.*field options\.chat\.preset\)/,
    ],
    [
      'a preset in a preset',
      'presets: { cold: { preset: warm } }',
      /a preset cannot be chosen in the file \(.*field presets\.cold\.preset\)/,
    ],
    ['a subcommand that the command lacks', 'options: { chat now: {} }', /"chat now" is not a command/],
    ['an unknown key', 'option: {}', /not a configuration: .*config\.yaml/],
    ['what is no YAML', 'options: [', /not YAML: .*config\.yaml/],
    ['an unknown preset', 'presets: { warm: {} }', /there is no preset "cold" \(.*\)\. Known: warm/],
  ])('with %s is an error', async (_, config, message) => {
    const preset = config.startsWith('presets') ? ['--preset', 'cold'] : [];
    expectFailure(await configured(config, ['chat', llama, ...preset]), 2, message);
  });

  it('that is not there has no presets', async () => {
    const env = { XDG_CONFIG_HOME: temporaryFolder() };
    expectFailure(await holdfast(['chat', llama, '--preset', 'cold'], '', env), 2, /the file does not exist/);
  });
});
