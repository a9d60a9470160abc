import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFailure, holdfast, holdfastProcess, type Outcome, temporaryFile } from './holdfast.js';

describe('the demo, in a pipe', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
  const out = join(folder, 'results');
  const read = (name: string): string => readFileSync(join(out, name), 'utf8');
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await holdfastProcess(['demo', '--dialogues', '8', '--out', out]);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));
  /** Returns the lines under a title. */
  const under = (title: string): string[] => {
    const lines = outcome.stdout.split('\n');
    const rest = lines.slice(lines.indexOf(title) + 2);
    return rest.slice(0, rest.indexOf(''));
  };

  it('runs through, in plain text', () => {
    expect(outcome.stderr).toBe('');
    expect(outcome.code).toBe(0);
    for (const code of ['\u001b', '\r']) expect(outcome.stdout.includes(code)).toBe(false);
  });

  it('answers twelve rounds off and held, each with its share', () => {
    expect(outcome.stdout.match(/^ {2}off$/gm)).toHaveLength(12);
    expect(outcome.stdout.match(/^ {2}held$/gm)).toHaveLength(12);
    expect(outcome.stdout.match(/^ +prompt \.\d{3}$/gm)!.length).toBeGreaterThanOrEqual(12);
    expect(outcome.stdout.match(/^ +prompt \.\d{3} → \.\d{3}$/gm)).toHaveLength(11);
  });

  it('marks the same number of lost rounds as it reports', () => {
    const sides = outcome.stdout.split(/^ {2}(?=(?:off|held)$)/m).slice(1);
    const lost = (name: string): number =>
      sides.filter((side) => side.startsWith(`${name}\n`) && side.includes('✗ LOST')).length;
    expect(outcome.stdout).toContain(
      `Rounds in which an instruction was lost: off ${lost('off')} of 12, held ${lost('held')} of 12.`,
    );
  });

  it('starts the same off and held: at k = 1 the answer and its share are equal', () => {
    const [off, held] = outcome.stdout.split(/^ {2}(?:off|held)$/m).slice(1, 3);
    const answered = (side: string): string => side.slice(0, side.search(/^ +[✓✗]/m));
    expect(answered(off!)).toMatch(/^ +prompt \./m);
    expect(answered(held!)).toBe(answered(off!));
  });

  it('writes a page and a figure with the same table, and lists them', () => {
    expect(readdirSync(out).sort()).toEqual(['demo.html', 'demo.svg', 'dialogue.json']);
    expect(under('Written')).toEqual(
      ['demo.html', 'demo.svg', 'dialogue.json'].map((name) => join(out, name)),
    );
    const cells = [...read('demo.html').matchAll(/<td>([^<]*)<\/td>/g)].map((match) => match[1]!);
    expect(cells).toHaveLength(9);
    for (const cell of cells) expect(outcome.stdout).toContain(cell);
    expect(read('demo.html').match(/https?:|\ssrc=|\shref=|url\(|@import|<script|<link/g)).toBeNull();
    expect(read('demo.svg')).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  });

  it('prints three commands that run as printed', () => {
    const commands = under('To try next');
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      // Input that ends at once, like a user who presses Ctrl-D.
      expect(() => execFileSync('sh', ['-c', command], { input: '', stdio: 'pipe' }), command).not.toThrow();
    }
    expect(readdirSync(out)).toContain('trace.safetensors');
  });
});

describe('a thread of the demo', async () => {
  // Its thread runs what is built, so this does too. The types are those of the source, which needs no build.
  const built = new URL('../../dist/cli/demo/runners.js', import.meta.url).href;
  const { openRunners, runAll }: typeof import('../../src/cli/demo/runners.js') = await import(built);

  it('has the same records whether it runs one trial at a time or several', async () => {
    const [runner] = openRunners({ jobs: 1, batch: 1, threads: 1 });
    const tasks = [0, 1, 2, 3].map((trial) => ({ trial, rounds: 2, arm: { name: 'off', settings: {} } }));
    try {
      const alone = await runAll([runner!], 1, tasks, () => {});
      const seen: number[] = [];
      const batched = await runAll([runner!], 3, tasks, (done) => seen.push(done));
      expect(alone.map((records) => records.map(({ round }) => round))).toEqual(tasks.map(() => [1, 2]));
      expect(batched).toEqual(alone);
      expect(seen).toEqual([1, 2, 3, 4]);
    } finally {
      await runner!.close();
    }
  });

  it('ends if it is closed during trials', async () => {
    const [runner] = openRunners({ jobs: 1, batch: 1, threads: 1 });
    const records = runner!.run({ trial: 0, rounds: 12, arm: { name: 'off', settings: {} } });
    expect((await records.next()).value!.round).toBe(1);
    await runner!.close();
    await runner!.close();
  });
});

describe('the demo refuses', () => {
  it('too few dialogues for intervals', async () => {
    expectFailure(await holdfast(['demo', '--dialogues', '7']), 2, /at least 8/);
  });

  it('a folder that cannot be created, before it starts', async () => {
    const file = temporaryFile('file', 'text');
    expectFailure(await holdfast(['demo', '--out', join(file, 'out')]), 1, /E_UNWRITABLE/);
  });

  it('a folder that has a demo, before it starts', async () => {
    const file = temporaryFile('demo.svg', 'of before');
    expectFailure(
      await holdfast(['demo', '--out', dirname(file)]),
      1,
      /E_UNWRITABLE: the file exists \(.*demo\.svg\)\. .* --force\n$/,
    );
    expect(readFileSync(file, 'utf8')).toBe('of before');
  });
});
