import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import { readTextNow } from '../../files/index.js';
import { quoted } from '../terminal/index.js';
import { jobName, type StudyJob } from './job-array.js';

/** A study as Slurm runs it. */
export interface SlurmStudy extends StudyJob {
  /** The words of the command, such as `/usr/bin/node /opt/holdfast/dist/cli/main.js`. */
  readonly holdfast: readonly string[];
  /** The working folder of the jobs. */
  readonly cwd: string;
  /** Absolute path of the results folder, which all nodes share. */
  readonly out: string;
  /** Arguments of `study run` without the shard. */
  readonly run: readonly string[];
  /** Time limit as Slurm writes it; null for the default of the partition. */
  readonly time: string | null;
  /** Whether a task starts again that was preempted, killed or out of time. */
  readonly requeue: boolean;
}

/** How often a task that was killed is started again: one that is killed every time needs more memory, not more tries. */
const RESTARTS = 3;
/** A task that will run out of time is told this many seconds before. */
const WARNING_S = 60;

const words = (all: readonly string[]): string => all.map(quoted).join(' ');

const directives = (lines: readonly (string | null)[]): string[] =>
  lines.filter((line) => line !== null).map((line) => `#SBATCH ${line}`);

/** Returns the script of the array: each task runs one shard of many cells. */
export function arrayScript(study: SlurmStudy): string {
  const { array, cpus, mem, cwd, out, time, requeue } = study;
  const atOnce = array.atOnce === null ? '' : `%${array.atOnce}`;
  const run = [...study.run, '--jobs', String(cpus), '--shards', String(array.tasks)];
  return [
    '#!/bin/sh',
    ...directives([
      `--job-name=${jobName(study.name)}`,
      `--array=0-${array.tasks - 1}${atOnce}`,
      `--chdir="${cwd}"`,
      `--output="${join(out, 'jobs', '%a.log')}"`,
      '--open-mode=append',
      '--ntasks=1',
      `--cpus-per-task=${cpus}`,
      mem === null ? null : `--mem=${mem}`,
      time === null ? null : `--time=${time}`,
      requeue ? '--requeue' : '--no-requeue',
      requeue ? `--signal=B:USR1@${WARNING_S}` : null,
    ]),
    '',
    `${words([...study.holdfast, 'study', 'run', ...run])} &`,
    'task=$!',
    "trap 'cancelled=1; kill -TERM $task' TERM",
    "trap 'late=1; kill -TERM $task' USR1",
    'wait $task; code=$?',
    '# A signal ends wait early.',
    'while kill -0 $task 2>/dev/null; do wait $task; code=$?; done',
    ...(requeue ? REQUEUE : []),
    'exit $code',
    '',
  ].join('\n');
}

/** 143: stopped with its finished cells kept. 137: killed, for example because memory ran out. */
const REQUEUE = [
  'again=',
  '# Slurm itself requeues a preempted task. One that was cancelled must not come back.',
  'if [ -z "$cancelled" ]; then',
  '  [ $code -eq 143 ] && [ -n "$late" ] && again=1',
  `  case $code in 137|143) [ "\${SLURM_RESTART_COUNT:-0}" -lt ${RESTARTS} ] && again=1 ;; esac`,
  'fi',
  '[ -n "$again" ] && scontrol requeue "$SLURM_JOB_ID"',
];

/** Returns the script of the job that joins the shards and writes the report once all tasks have ended. */
export function mergeScript({ name, cwd, out, holdfast, mem }: SlurmStudy): string {
  return [
    '#!/bin/sh',
    ...directives([
      `--job-name=${jobName(name)}-merge`,
      `--chdir="${cwd}"`,
      `--output="${join(out, 'jobs', 'merge.log')}"`,
      '--ntasks=1',
      mem === null ? null : `--mem=${mem}`,
    ]),
    '',
    'set -e',
    words([...holdfast, 'study', 'merge', out, '--out', out]),
    words([...holdfast, 'study', 'report', out]),
    '',
  ].join('\n');
}

/** The file of a study's `jobs` folder that has the ids of its jobs. */
export const SLURM_JOBS = 'slurm.json';
const SlurmJobs = z.object({ array: z.string(), merge: z.string() });

/** The ids of a study's jobs. */
export type SlurmJobs = z.infer<typeof SlurmJobs>;

/** Submits both scripts, the second to run after the first whatever becomes of its tasks. @throws HoldfastError */
export function submitSlurm(array: string, merge: string): SlurmJobs {
  const id = sbatch([array]);
  return { array: id, merge: sbatch([`--dependency=afterany:${id}`, merge]) };
}

/** Runs sbatch and returns the job's id. @throws HoldfastError `E_NOT_FOUND` without Slurm; `E_USAGE` if it refuses */
function sbatch(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('sbatch', ['--parsable', ...args], {
    encoding: 'utf8',
  });
  if (error !== undefined) {
    throw new HoldfastError('E_NOT_FOUND', `sbatch cannot be run: ${error.message}`, {
      hint: 'Submit from a machine of the cluster, or add --dry-run to see the scripts',
      cause: error,
    });
  }
  const [id] = stdout.trim().split(';'); // with several clusters: id;cluster
  if (status === 0 && id) return id;
  throw new HoldfastError('E_USAGE', `sbatch refuses the job: ${stderr.trim()}`, {
    file: args.at(-1)!,
    hint: 'Change the options, or the script, and submit it with sbatch',
  });
}

/**
 * Returns how many tasks of a folder's jobs are in which state; null if it was not submitted or Slurm does not know.
 * @throws HoldfastError `E_UNREADABLE` if the file with the jobs' ids has none
 */
export function slurmLine(folder: string): string | null {
  const path = join(folder, 'jobs', SLURM_JOBS);
  if (!existsSync(path)) return null;
  const jobs = readJobs(path);
  const query = ['--noheader', '--array', `--jobs=${jobs.array},${jobs.merge}`, '--format=%T'];
  const { status, stdout } = spawnSync('squeue', query, { encoding: 'utf8' });
  if (status !== 0) return null;
  const counts = new Map<string, number>();
  for (const state of stdout.split('\n').filter(Boolean)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state.toLowerCase()}`);
  return `Slurm jobs ${jobs.array} and ${jobs.merge}: ${states.join(', ') || 'ended'}`;
}

/** Reads the ids of a study's jobs. @throws HoldfastError `E_UNREADABLE` */
function readJobs(file: string): SlurmJobs {
  const text = readTextNow(file);
  try {
    return SlurmJobs.parse(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError('E_UNREADABLE', 'it does not have the ids of two Slurm jobs', {
      file,
      hint: 'Write {"array": "ID", "merge": "ID"} into it, or delete it: the jobs themselves go on',
      cause,
    });
  }
}
