import { InvalidArgumentError } from 'commander';
import { HoldfastError } from '../../errors.js';
import type { Shard } from '../../study/index.js';

/** What `--shard` and `--shards` say. */
export interface ShardFlags {
  /** A part, or `array` for the one of this Slurm array task. */
  readonly shard?: Shard | 'array';
  /** Number of parts; which of them is this one, the scheduler says. */
  readonly shards?: number;
}

/** Reads the value of `--shard`. */
export function readShard(text: string): Shard | 'array' {
  if (text === 'array') return text;
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new InvalidArgumentError('It must be i/n, with i from 1 to n, or array.');
  }
  return { index, count };
}

/**
 * Returns the shard that the options ask for; null for the whole study. `--shard array` divides the study among the tasks of a
 * Slurm array as it was submitted; `--shards n` takes the number of this task, from 0, of Slurm or of an indexed job of
 * Kubernetes. Nothing is read from the environment unless one of them is given.
 * @throws HoldfastError `E_USAGE` where the environment does not say which task this is
 */
export function chosenShard({ shard, shards }: ShardFlags, env: NodeJS.ProcessEnv): Shard | null {
  if (shards !== undefined) return taskOf(shards, env);
  return shard === 'array' ? slurmTask(env) : (shard ?? null);
}

/** The variables in which schedulers number the tasks of an array. */
const TASK_NUMBERS = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'] as const;

function taskOf(count: number, env: NodeJS.ProcessEnv): Shard {
  const name = TASK_NUMBERS.find((each) => env[each] !== undefined);
  if (name === undefined) {
    throw new HoldfastError('E_USAGE', `no array task: neither ${TASK_NUMBERS.join(' nor ')} is set`, {
      field: '--shards',
      hint: 'Run it as a Slurm array or an indexed job of Kubernetes, or give --shard i/n',
    });
  }
  const at = numberIn(env, name);
  if (at < count) return { index: at + 1, count };
  throw new HoldfastError('E_USAGE', `${name} is ${at}, and ${count} shards are numbered from 0`, {
    field: '--shards',
    hint: `Number the tasks 0-${count - 1}`,
  });
}

function slurmTask(env: NodeJS.ProcessEnv): Shard {
  if (env.SLURM_ARRAY_TASK_ID === undefined) {
    const hint =
      env.JOB_COMPLETION_INDEX === undefined
        ? 'Run it as a Slurm array (sbatch --array), or give --shard i/n'
        : 'Kubernetes does not say how many tasks there are: give --shards n';
    throw new HoldfastError('E_USAGE', 'SLURM_ARRAY_TASK_ID is not set', { field: '--shard', hint });
  }
  const [id, count, min, max, step] = (['ID', 'COUNT', 'MIN', 'MAX', 'STEP'] as const).map((part) =>
    numberIn(env, `SLURM_ARRAY_TASK_${part}`),
  ) as [number, number, number, number, number];
  const at = (id - min) / step;
  // Of a list such as 3,5,11, Slurm does not say which place a task has.
  if (max === min + (count - 1) * step && Number.isInteger(at) && at >= 0 && at < count) {
    return { index: at + 1, count };
  }
  throw new HoldfastError('E_USAGE', `task ${id} is not one of ${count} evenly spaced tasks`, {
    field: '--shard',
    hint: 'Give --shards n with the number of tasks of the whole array, numbered from 0: so a part of it can run again',
  });
}

function numberIn(env: NodeJS.ProcessEnv, name: string): number {
  const text = env[name] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new HoldfastError('E_USAGE', `${name} is not a number: "${text}"`, {
    hint: 'Slurm and Kubernetes set it for the tasks of an array',
  });
}
