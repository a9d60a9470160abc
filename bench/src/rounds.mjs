import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { rotated } from './rotated.mjs';

/** @typedef {import('./subject.d.ts').SubjectEntry} SubjectEntry */
/** @typedef {import('./subject.d.ts').Workload} Workload */
/** @typedef {import('./subject.d.ts').Job} Job */
/** @typedef {import('./subject.d.ts').Result} Result */

/** Results by subject and workload, in the order of the rounds. @typedef {Map<string, Map<string, Result[]>>} Results */

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

/**
 * Runs every workload of every subject once per round, one process at a time: a process for each subject, or one for all
 * in turns. Each round starts with the next subject, so that no subject always runs first.
 *
 * @param {readonly SubjectEntry[]} subjects
 * @param {readonly Workload[]} workloads
 * @param {Pick<Job, 'model' | 'threads' | 'pace'> & { rounds: number, inTurns: boolean }} settings
 * @param {(line: string) => void} progress
 * @returns {Promise<Results>}
 */
export async function runRounds(subjects, workloads, { rounds, inTurns, ...settings }, progress) {
  /** @type {Results} */
  const all = new Map(subjects.map(({ id }) => [id, new Map(workloads.map(({ id }) => [id, []]))]));
  for (let round = 0; round < rounds; round++) {
    const order = rotated(subjects, round);
    const groups = inTurns ? [order] : order.map((subject) => [subject]);
    for (const workload of workloads) {
      for (const group of groups) {
        const ids = group.map(({ id }) => id);
        progress(`round ${round + 1} of ${rounds}, ${workload.id}: ${ids.join(', ')}`);
        const results = await runChild({ ...settings, workload, subjects: group }, ids.join(', '));
        for (const [index, id] of ids.entries()) all.get(id)?.get(workload.id)?.push(results[index]);
      }
    }
  }
  return all;
}

/**
 * @param {Job} job
 * @param {string} name
 * @returns {Promise<Result[]>}
 */
function runChild(job, name) {
  return new Promise((resolve, reject) => {
    // Standard output is reserved for the table; runtimes print to standard error.
    const child = fork(CHILD, { stdio: ['ignore', 2, 2, 'ipc'] });
    /** @type {{ results?: Result[], error?: string } | undefined} */
    let answer;
    child.once('message', (message) => {
      answer = /** @type {typeof answer} */ (message);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (answer?.results) resolve(answer.results);
      else reject(new Error(`${name} failed: ${answer?.error ?? signal ?? `exit code ${code}`}`));
    });
    child.send(job);
  });
}
