import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slurm, startSlurm, whyNoSlurm } from '../../scripts/slurm.mjs';
import { makeGate, makePlace, resultsIn } from './stub-study.js';

const SPEC = { name: 'tiny', dialogues: 6, arms: { off: 'o', on: 'n' }, costs: 3 };
const why = whyNoSlurm();
if (why !== null) console.warn(`skipped: studies on a real Slurm, because ${why}`);

/** Returns the process that runs cells for a task of an array. */
function processOf(folder: string, task: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [words, env] = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
      const isNode = words!.startsWith(process.execPath) && words!.includes(folder);
      if (isNode && env!.includes(`SLURM_ARRAY_TASK_ID=${task}\0`)) return Number(pid);
    } catch {
      // It has ended.
    }
  }
  throw new Error(`no process runs task ${task}`);
}

describe.skipIf(why !== null)('study submit --slurm, on a real Slurm', () => {
  let slurm: Slurm;
  beforeAll(async () => {
    slurm = await startSlurm();
  });
  afterAll(() => slurm.stop());

  it('runs the shards as an array; a task that is killed is requeued; then the results are those of one machine', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    await place.run(['run', spec, '--out', 'whole', '--now', '2026-01-31']);
    const gate = await makeGate(place);
    const args = ['submit', spec, '--slurm', '--array', '0-2%1', '--requeue', '--out', 'out'];
    const submitted = await place.start([...args, '--now', '2026-01-31'], { ...slurm.env, ...gate.env })
      .ended;
    expect(submitted.code, submitted.stderr).toBe(0);
    expect(submitted.stdout).toMatch(/^Slurm job \d+: 3 shards; job \d+ joins them/);

    for (let cell = 0; cell < 2; cell++) (await gate.next()).pass();
    await gate.next(); // the third is computed, so the first is on disk; the second may be being written
    process.kill(processOf(place.folder, '0'), 'SIGKILL');
    gate.openWide();
    const status = await place.start(['status', 'out'], slurm.env).ended;
    expect(status.stdout).toMatch(/^Slurm jobs \d+ and \d+: .*pending/m);

    const squeue = () => spawnSync('squeue', ['--noheader'], { env: slurm.env, encoding: 'utf8' }).stdout;
    for (let waited = 0; squeue() !== '' && waited < 120; waited++) await pause(1000);
    const log = (name: string): string => readFileSync(place.at(`out/jobs/${name}.log`), 'utf8');
    expect(log('0'), 'the task ran again').toMatch(/6 cells: [45] computed, [12] reused, 0 failed/);
    expect(log('merge')).toMatch(/18 of 18 cells, 0 failed/);
    expect(resultsIn(place.at('out'))).toEqual(resultsIn(place.at('whole')));
  });
});
