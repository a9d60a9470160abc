import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tinyModel } from '../support/families.js';
import { cellsIn, filesIn, linesOf, makeGate, makePlace, outcomeOf, resultsIn } from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 6, arms: { off: 'o', on: 'n' }, costs: 3, ranked: 2 };

/** Returns the number of executed cells and the number of different ones. */
const countsOf = (executed: readonly string[]): [number, number] => [executed.length, new Set(executed).size];

describe('a thread with a batch', () => {
  it('computes that many dialogues at once, and gives the place of a finished one to the next', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0, costs: 0 });
    const gate = await makeGate(place);
    const { ended } = place.start(['run', spec, '--out', 'out', '--jobs', '1', '--batch', '3'], gate.env);
    const waiting = [await gate.next(), await gate.next(), await gate.next()];
    expect(waiting.map(({ cell }) => cell).sort()).toEqual(['off 0', 'off 1', 'off 2']);
    waiting.find(({ cell }) => cell === 'off 1')!.pass();
    const next = await gate.next();
    expect(next.cell, 'the other arm of the same dialogue').toBe('on 1');
    waiting.push(next);
    gate.openWide();
    for (const { pass } of waiting) pass();
    expect((await ended).stdout).toContain('12 cells: 12 computed, 0 reused, 0 failed');
  });

  it('computes the arms of a dialogue at once when no other dialogue is left', async () => {
    const place = makePlace();
    const arms = { a: 'a', b: 'b', c: 'c', d: 'd' };
    const spec = place.spec({ name: 'tiny', dialogues: 1, arms });
    const gate = await makeGate(place);
    const { ended } = place.start(['run', spec, '--out', 'out', '--jobs', '1', '--batch', '3'], gate.env);
    const waiting = [await gate.next(), await gate.next(), await gate.next()];
    expect(waiting.map(({ cell }) => cell).sort()).toEqual(['a 0', 'b 0', 'c 0']);
    gate.openWide();
    for (const { pass } of waiting) pass();
    expect((await ended).stdout).toContain('4 cells: 4 computed, 0 reused, 0 failed');
    expect(countsOf(place.executed())).toEqual([4, 4]);
  });

  it.each([
    [1, 3],
    [2, 8],
  ])('gives the same bytes as one dialogue at a time: --jobs %d --batch %d', async (jobs, batch) => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    const run = (out: string, jobs: number, batch: number) =>
      place.run(['run', spec, '--out', out, '--jobs', String(jobs), '--batch', String(batch)]);
    await run('single', 1, 1);
    const { code, stderr } = await run('batched', jobs, batch);
    expect(code, stderr).toBe(0);
    expect(resultsIn(place.at('batched'))).toEqual(resultsIn(place.at('single')));
    expect(place.executed().length, 'no cell is computed twice').toBe(2 * 20);
  });

  it('that is killed and resumed with another batch ends with the same bytes', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    await place.run(['run', spec, '--out', 'undisturbed']);
    const gate = await makeGate(place);
    for (const batch of ['3', '8', '2']) {
      const args = ['run', spec, '--out', 'killed', '--jobs', '1', '--batch', batch];
      const { child, ended } = place.start(args, gate.env);
      for (let cell = 0; cell < 3; cell++) (await gate.next()).pass();
      await gate.next(); // at least one is in progress
      child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
    }
    gate.openWide();
    const { code, stderr } = await place.run(['run', spec, '--out', 'killed', '--batch', '5'], gate.env);
    expect(code, stderr).toBe(0);
    expect(resultsIn(place.at('killed'))).toEqual(resultsIn(place.at('undisturbed')));
  });

  it('that is interrupted keeps finished cells and drops all that are in progress', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const gate = await makeGate(place);
    const args = ['run', spec, '--out', 'out', '--jobs', '1', '--batch', '4'];
    const { child, ended } = place.start(args, gate.env);
    for (let cell = 0; cell < 5; cell++) (await gate.next()).pass();
    for (let cell = 0; cell < 4; cell++) await gate.next();
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('stopped: 5 of 18 cells are done and kept in out.');
    expect(cellsIn(place.at('out')).length).toBe(5);
    expect(filesIn(place.at('out')).filter((file) => file.endsWith('.tmp'))).toEqual([]);
    gate.openWide();
    const rest = await place.run(['run', spec, '--out', 'out'], gate.env);
    expect(rest.stdout).toContain('18 cells: 13 computed, 5 reused, 0 failed');
  });
});

describe('a cell that fails beside others', () => {
  const arms = { off: 'o', throws: 't', on: 'n', more: 'm' };

  it('is recorded, and the others are computed once', async () => {
    const place = makePlace();
    const spec = place.spec({ name: 'tiny', dialogues: 2, arms });
    const args = ['run', spec, '--out', 'out', '--jobs', '1', '--batch', '8'];
    const { code, stdout } = await place.run(args);
    expect(code).toBe(1);
    expect(stdout).toContain('8 cells: 8 computed, 0 reused, 2 failed');
    expect(countsOf(place.executed())).toEqual([8, 8]);
  });

  it('is the only one that is recorded as failed if it ends the thread of them all', async () => {
    const place = makePlace();
    const deadly = { off: 'o', exits: 'e', on: 'n', strays: 's', more: 'm' };
    const spec = place.spec({ name: 'tiny', dialogues: 2, arms: deadly });
    const run = (out: string, batch: string) =>
      place.run(['run', spec, '--out', out, '--jobs', '1', '--batch', batch]);
    const { code, stdout } = await run('batched', '8');
    expect(code).toBe(1);
    expect(stdout).toContain('10 cells: 10 computed, 0 reused, 4 failed');
    expect(stdout).toMatch(/arm exits: the thread ended with exit code 7\n/);
    await run('single', '1');
    const kinds = (out: string) =>
      (linesOf(place.at(`${out}/results.jsonl`)) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds('batched')).toEqual(kinds('single'));
  });
});

describe('a study with real models', () => {
  const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

  it('has the same bytes with a batch of 1 and 3, on executors with and without batches', async () => {
    const place = makePlace();
    const tiny = tinyModel('llama');
    writeFileSync(
      place.at('real.yaml'),
      `name: real
now: 2026-01-31
models:
  - { name: batched, path: organism, precision: q8 }
  - { name: tiny, path: ${tiny}, executor: reference }
sources:
  - organism: { dialogues: 3, rounds: 2 }
max-tokens: 4
probes: [1, 2]
arms:
  - off
  - split-softmax: 0.5
  - guidance: 1.5
  - silence: top 3 by share
costs: { kl: 1, perplexity: 1 }
calibrate: { dialogues: 2 }
analysis: { early: [1, 1], late: [2, 2] }
`,
    );
    const run = async (out: string, ...options: string[]) => {
      const args = [command, 'study', 'run', place.at('real.yaml'), '--out', place.at(out), ...options];
      const { code, stdout, stderr } = await outcomeOf(spawn(process.execPath, args));
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(', 0 failed');
      return resultsIn(place.at(out));
    };
    const single = await run('single', '--jobs', '2', '--batch', '1');
    expect(await run('three', '--jobs', '1', '--batch', '3')).toEqual(single);
  });
});
