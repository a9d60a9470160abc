import { InvalidArgumentError } from 'commander';

/** The tasks of an array, one for each shard. */
export interface JobArray {
  readonly tasks: number;
  /** Tasks that run at once, at most; null for as many as there is room for. */
  readonly atOnce: number | null;
}

/** Reads `0-31%8`: Slurm's way of saying 32 tasks, 8 at once. */
export function readArray(text: string): JobArray {
  const [, last, atOnce] = /^0-(\d{1,5})(?:%([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (last === undefined) throw new InvalidArgumentError('It must be 0-LAST or 0-LAST%N, such as 0-31%8.');
  return { tasks: Number(last) + 1, atOnce: atOnce === undefined ? null : Number(atOnce) };
}

/** What each task of a study's array runs, and what it may use. */
export interface StudyJob {
  /** The study's name. */
  readonly name: string;
  readonly array: JobArray;
  /** Processor cores of a task. */
  readonly cpus: number;
  /** Memory of a task, as the scheduler writes it; null for its default. */
  readonly mem: string | null;
}

/** Returns a name that schedulers take: lower-case letters, digits and hyphens, 40 at most. */
export const jobName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
    .replace(/-+$/, '') || 'study';
