import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { arrayScript } from '../../src/cli/study/slurm.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs a task's script with a command in the place of `holdfast`, and a `scontrol` that notes what it is asked. */
async function run(command: string, signal: NodeJS.Signals | null, restarts = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-slurm-'));
  folders.push(folder);
  const [asked, begun] = [join(folder, 'asked'), join(folder, 'begun')];
  const text = arrayScript({
    ...{ name: 'tiny', array: { tasks: 4, atOnce: null }, cpus: 1, mem: null, cwd: folder, out: folder },
    ...{ holdfast: [process.execPath, '-e', command], run: [], time: null, requeue: true },
  });
  expect(text, 'also without --time: a partition may have a limit').toContain('#SBATCH --signal=B:USR1@60\n');
  writeFileSync(join(folder, 'scontrol'), `#!/bin/sh\necho "$*" >> '${asked}'\n`, { mode: 0o755 });
  const task = spawn('sh', ['-c', text], {
    env: {
      ...{ PATH: `${folder}:${process.env.PATH}`, BEGUN: begun },
      ...{ SLURM_JOB_ID: '7', SLURM_RESTART_COUNT: String(restarts) },
    },
  });
  const code = new Promise<number | null>((resolve) => {
    task.once('close', resolve);
  });
  if (signal !== null) {
    await vi.waitUntil(() => existsSync(begun), { timeout: 60_000 });
    task.kill(signal);
  }
  return { code: await code, asked: existsSync(asked) ? readFileSync(asked, 'utf8') : '' };
}

const REQUEUED = 'requeue 7\n';
/** Stops by SIGTERM as `study run` does: a moment later, with exit code 143. */
const STUDY = `
  process.on('SIGTERM', () => setTimeout(() => process.exit(143), 50));
  require('node:fs').writeFileSync(process.env.BEGUN, '');
  setInterval(() => {}, 1000);`;

it.each([
  ['ends well', 'process.exit(0)', null, 0, 0, ''],
  ['has failed cells', 'process.exit(1)', null, 0, 1, ''],
  ['is told that its time ends', STUDY, 'SIGUSR1', 9, 143, REQUEUED],
  ['is cancelled', STUDY, 'SIGTERM', 0, 143, ''],
  ['is killed', 'process.exit(137)', null, 2, 137, REQUEUED],
  ['is killed for the fourth time', 'process.exit(137)', null, 3, 137, ''],
] as const)('a task that %s', async (_, command, signal, restarts, code, asked) => {
  expect(await run(command, signal, restarts)).toEqual({ code, asked });
});
