import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, holdfast, holdfastProcess, type Outcome, temporaryFolder } from './holdfast.js';

const llama = fixture('models/llama');
const SHORT = ['--max-tokens', '4', '--temperature', '0', '--threads', '1'];
const CHAT = ['chat', llama, '--system', 'Hold.', '--hold', ...SHORT];
const DIALOGUE = JSON.stringify([
  { role: 'system', content: 'Hold fast.' },
  { role: 'user', content: 'Where does it end?' },
  { role: 'assistant', content: 'hold' },
]);

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdin?: string | Uint8Array;
}

/** The arguments of each case. OUT is a folder with a dialogue in it. */
const CASES: Readonly<Record<string, Case>> = {
  '--help': { args: ['--help'], code: 0 },
  'no command': { args: [], code: 2 },
  'an unknown command': { args: ['tokes'], code: 2 },
  inspect: { args: ['inspect', llama], code: 0 },
  'inspect, of nothing': { args: ['inspect', 'nowhere'], code: 1 },
  tokens: { args: ['tokens', llama, '--chat', '-'], code: 0, stdin: DIALOGUE },
  trace: { args: ['trace', llama, '--ids', '1,2,3', '--out', 'OUT/trace.safetensors'], code: 0 },
  chat: { args: CHAT, code: 0, stdin: 'hello\nand now?\n' },
  'chat, of Latin-1': { args: CHAT, code: 1, stdin: Buffer.from('one\ncaf\xe9\n', 'latin1') },
  measure: {
    args: ['measure', llama, '--chat', 'OUT/dialogue.json', '--as-written', '--threads', '1', '--out', 'OUT'],
    code: 0,
  },
  bench: { args: ['bench', llama, '--profile', '--prompt', '4', '--rounds', '1'], code: 2 },
  demo: { args: ['demo', '--dialogues', '7'], code: 2 },
  doctor: { args: ['doctor'], code: 0 },
  audit: { args: ['audit', llama, '--system-file', 'OUT/nowhere.txt'], code: 1 },
  calibrate: {
    args: ['calibrate', llama, '--system-file', 'OUT/nowhere.txt', '--out', 'OUT/hold.json'],
    code: 1,
  },
  'judge sample': { args: ['judge', 'sample', 'nowhere', '--out', 'OUT/labels.csv'], code: 1 },
  'material import': { args: ['material', 'import', 'OUT/nowhere', '--out', 'OUT/material'], code: 1 },
  models: { args: ['models'], code: 0 },
  'models rm': { args: ['models', 'rm', 'owner/none', '--yes'], code: 1 },
  pull: { args: ['pull', 'owner/none'], code: 1 },
  serve: { args: ['serve', llama, '--host', '0.0.0.0'], code: 2 },
  'serve, of nothing': { args: ['serve', 'nowhere', '--port', '0'], code: 1 },
  completion: { args: ['completion', 'bash'], code: 0 },
  'study init': { args: ['study', 'init', 'OUT/study.yaml'], code: 0 },
  studio: { args: ['studio', '--port', '70000'], code: 2 },
  view: { args: ['view', 'OUT/nowhere.safetensors'], code: 1 },
  'study submit': { args: ['study', 'submit', 'nowhere.yaml', '--slurm'], code: 1 },
  'study submit, to nowhere': { args: ['study', 'submit', 'nowhere.yaml'], code: 2 },
  'study work': { args: ['study', 'work', 'nowhere.yaml', '--queue', 'http://x'], code: 2 },
  'study status': { args: ['study', 'status', 'nowhere'], code: 1 },
};

/** Runs a case by one of the two ways, and returns the outcome without what differs between two runs. */
async function outcomeOfCase(run: typeof holdfast, { args, stdin }: Case): Promise<Outcome> {
  const out = temporaryFolder();
  writeFileSync(join(out, 'dialogue.json'), DIALOGUE);
  const { code, stdout, stderr } = await run(
    args.map((word) => word.replace('OUT', out)),
    stdin,
    { HF_HUB_CACHE: '/nowhere' },
  );
  const steady = (text: string): string =>
    text.replaceAll(out, 'OUT').replace(/[\d.]+ (tokens\/s|GiB free)/g, '# $1');
  return { code, stdout: steady(stdout), stderr: steady(stderr) };
}

/** Other tests run a command in their own process, see `holdfast`. These show that the built command does the same. */
describe('the built command, as a process of its own, does what the command does in the process of a test', () => {
  it.each(Object.entries(CASES))('%s', async (_, one) => {
    const outcome = await outcomeOfCase(holdfastProcess, one);
    expect(outcome.code, outcome.stderr).toBe(one.code);
    expect(outcome.stdout + outcome.stderr).not.toBe('');
    expect(await outcomeOfCase(holdfast, one)).toEqual(outcome);
  });

  it('for every command', async () => {
    const { stdout } = await holdfast(['--help']);
    const commands = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) /gm)];
    const known = commands.map(([, name]) => name!).filter((name) => name !== 'help');
    const shown = Object.values(CASES).map(({ args }) => args[0]);
    expect(known).toEqual(known.filter((name) => shown.includes(name)));
    expect(known).toContain('study');
  });
});
