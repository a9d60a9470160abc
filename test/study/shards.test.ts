import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cellsIn,
  filesIn,
  makeGate,
  makePlace,
  outcomeOf,
  type Place,
  resultsIn,
  stubMain,
} from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 6, arms: { off: 'o', on: 'n' }, costs: 3, ranked: 2 };
const NOW = ['--now', '2026-01-31'];

/** The environment of a task of a Slurm array that was submitted as `--array first-last:step`. */
const slurm = (id: number, [first, last, step]: readonly [number, number, number]) => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_COUNT: String((last - first) / step + 1),
  SLURM_ARRAY_TASK_MIN: String(first),
  SLURM_ARRAY_TASK_MAX: String(last),
  SLURM_ARRAY_TASK_STEP: String(step),
});

/** Returns the number of cells in the only pack of the folder `out`, none of which it has twice. */
function packedOnce(place: Place): number {
  const packs = filesIn(place.at('out')).filter((file) => file.startsWith('packs/'));
  expect(packs).toHaveLength(1);
  const lines = readFileSync(place.at(`out/${packs[0]}`), 'utf8')
    .split('\n')
    .slice(0, -1);
  const addresses = lines.map((line) => JSON.parse(line).address);
  expect(new Set(addresses).size).toBe(addresses.length);
  return addresses.length;
}

describe('shards in one folder', () => {
  it('are packed when they are done, and status and merge count and join them there', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    await place.run(['run', spec, '--out', 'whole', ...NOW]);
    for (const id of [4, 6, 8]) {
      const ended = await place.run(['run', spec, '--out', 'out', '--shard', 'array'], slurm(id, [4, 8, 2]));
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(cellsIn(place.at('out')), 'no file of its own for a cell of a finished shard').toEqual([]);
    }
    expect(filesIn(place.at('out')).filter((file) => file.startsWith('packs/'))).toEqual(
      ['1of3', '2of3', '3of3'].map((name) => `packs/${name}.jsonl`),
    );
    const { stdout } = await place.run(['status', 'out']);
    expect(stdout).toContain('tiny: 20 done, 0 failed, 0 missing\n');
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('whole')));
    const merged = await place.run(['merge', 'out', '--out', 'out']);
    expect(merged.stdout).toBe('out: 20 of 20 cells, 0 failed\n');
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('whole')));
    expect(packedOnce(place), 'one pack has every cell once').toBe(20);
    const again = await place.run(['run', spec, '--out', 'out']);
    expect(again.stdout).toContain('20 cells: 0 computed, 20 reused');
    await place.run(['run', spec, '--out', 'out', '--shard', '1/3']);
    expect(packedOnce(place), 'a shard that is packed is not packed again').toBe(20);
  });

  it('take the number of the task from Kubernetes too', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    for (const [index, shard] of ['1of2', '2of2'].entries()) {
      const env = { JOB_COMPLETION_INDEX: String(index) };
      expect(await place.run(['run', spec, '--shards', '2'], env)).toMatchObject({ code: 0 });
      expect(filesIn(place.at(`studies/tiny-${shard}`))).toContain(`packs/${shard}.jsonl`);
    }
  });

  it.each([
    [['--shard', 'array'], {}, /SLURM_ARRAY_TASK_ID is not set/],
    [['--shard', 'array'], { JOB_COMPLETION_INDEX: '0' }, /give --shards n/],
    [
      ['--shard', 'array'],
      { ...slurm(5, [3, 11, 2]), SLURM_ARRAY_TASK_COUNT: '3' },
      /not one of 3 evenly spaced tasks/,
    ],
    [['--shards', '3'], {}, /no array task/],
    [['--shards', '3'], { JOB_COMPLETION_INDEX: '3' }, /Number the tasks 0-2/],
    [['--shards', '3'], { JOB_COMPLETION_INDEX: 'x' }, /is not a number: "x"/],
    [['--shards', '3', '--shard', '1/2'], {}, /cannot be used with option/],
  ])('%j in %j is refused', async (options, env, message) => {
    const { code, stderr } = await makePlace().run(['run', 'x.json', ...options], env);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

it('status counts the cells of several folders, and lists the folders', async () => {
  const place = makePlace();
  const spec = place.spec({ ...SPEC, ranked: 0 });
  for (const index of [1, 2]) {
    await place.run(['run', spec, '--shard', `${index}/3`, '--out', `part${index}`]);
  }
  const { code, stdout } = await place.run(['status', 'part1', 'part2']);
  expect(code).toBe(0);
  expect(stdout).toContain('tiny: 12 done, 0 failed, 6 missing\n');
  expect(stdout).toContain('part2, shard 2 of 3: 6 cells are done or failed here\n');
});

it('a changed line of a pack is never used: it is reported, kept aside, and its cell computed again', async () => {
  const place = makePlace();
  const spec = place.spec({ ...SPEC, ranked: 0 });
  await place.run(['run', spec, '--shard', '1/1', '--out', 'out']);
  const pack = place.at('out/packs/1of1.jsonl');
  const text = readFileSync(pack, 'utf8');
  writeFileSync(pack, text.replace('"round":2', '"round":3'));
  const { code, stdout } = await place.run(['status', 'out']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/damaged: .*1of1\.jsonl: the record does not match its checksum/);
  const again = await place.run(['run', spec, '--shard', '1/1', '--out', 'out']);
  expect(again.stderr).toMatch(/^damaged: .*1of1\.jsonl \(.* renamed to .*\.json\.damaged/m);
  expect(again.stdout).toContain('18 cells: 1 computed, 17 reused');
  expect(readFileSync(pack, 'utf8')).toBe(text);
});

it('a preempted task stops on SIGTERM with 143, loses only its running cells, and resumes', async () => {
  const place = makePlace();
  const spec = place.spec({ ...SPEC, ranked: 0 });
  const gate = await makeGate(place);
  const args = ['run', spec, '--shard', '1/2', '--out', 'out', '--jobs', '1'];
  const task = place.start(args, gate.env);
  for (let cell = 0; cell < 3; cell++) (await gate.next()).pass();
  await gate.next(); // the running cell
  task.child.kill('SIGTERM');
  const { code, stderr } = await task.ended;
  expect(code, stderr).toBe(143);
  expect(stderr).toMatch(/^stopped: 3 of 10 cells are done/m);
  const resumed = await place.run(args);
  expect(resumed.stdout).toContain('10 cells: 7 computed, 3 reused, 0 failed');
});

const isolated = spawnSync('unshare', ['--map-root-user', '--net', 'true']).status === 0;
if (!isolated)
  console.warn('skipped: two machines on one folder, because unshare cannot make a network namespace');

it.skipIf(!isolated).each([
  ['the study', []],
  ['the same shard', ['--shard', '1/1']],
])(
  'two machines that run %s in one folder, whose locks do not meet, get the results of one',
  async (_, shard) => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, ranked: 0 });
    const gate = await makeGate(place);
    const args = [stubMain, 'study', 'run', spec, '--out', 'out', '--jobs', '1', ...NOW, ...shard];
    const machines = [1, 2].map(() => {
      const child = spawn('unshare', ['--map-root-user', '--net', process.execPath, ...args], {
        cwd: place.folder,
        env: { ...process.env, STUB_LOG: place.at('executed.log'), ...gate.env },
      });
      return outcomeOf(child);
    });
    const waiting = [await gate.next(), await gate.next()];
    expect(
      waiting.map(({ cell }) => cell),
      'both compute the same cell',
    ).toEqual(['off 0', 'off 0']);
    for (const { pass } of waiting) pass();
    gate.openWide();
    for (const { code, stderr } of await Promise.all(machines)) expect(code, stderr).toBe(0);
    expect(place.executed().length).toBeGreaterThan(18);
    if (shard.length > 0) {
      expect(packedOnce(place)).toBe(18);
      expect(cellsIn(place.at('out'))).toEqual([]);
      await place.run(['status', 'out']); // writes the results
    }
    await place.run(['run', spec, '--out', 'alone', ...NOW]);
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('alone')));
  },
);
