import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./subject.d.ts').SubjectEntry} SubjectEntry */

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

/**
 * Runs every subject once per round, one process at a time. Each round starts with the next subject, so that no subject
 * always runs first.
 *
 * @param {readonly SubjectEntry[]} subjects
 * @param {number} rounds
 * @param {Omit<import('./subject.d.ts').Job, 'module' | 'variant'>} settings
 * @param {(line: string) => void} progress
 * @returns {Promise<Map<string, import('./subject.d.ts').RoundResult[]>>} by subject id, in the order of the rounds
 */
export async function runRounds(subjects, rounds, settings, progress) {
  /** @type {Map<string, import('./subject.d.ts').RoundResult[]>} */
  const results = new Map(subjects.map(({ id }) => [id, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of rotated(subjects, round)) {
      progress(`round ${round + 1} of ${rounds}: ${subject.id}`);
      const { module, variant } = subject;
      results.get(subject.id)?.push(await runChild(subject.id, { ...settings, module, variant }));
    }
  }
  return results;
}

/**
 * Returns the items rotated by a number of places.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {number} by
 * @returns {T[]}
 */
export function rotated(items, by) {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/**
 * @param {string} id
 * @param {import('./subject.d.ts').Job} job
 * @returns {Promise<import('./subject.d.ts').RoundResult>}
 */
function runChild(id, job) {
  return new Promise((resolve, reject) => {
    // Standard output is reserved for the table; runtimes print to standard error.
    const child = fork(CHILD, { stdio: ['ignore', 2, 2, 'ipc'] });
    /** @type {{ result?: import('./subject.d.ts').RoundResult, error?: string } | undefined} */
    let answer;
    child.once('message', (message) => {
      answer = /** @type {typeof answer} */ (message);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (answer?.result) resolve(answer.result);
      else reject(new Error(`${id} failed: ${answer?.error ?? signal ?? `exit code ${code}`}`));
    });
    child.send(job);
  });
}
