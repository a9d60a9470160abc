/**
 * The process of one job: receives it from its parent, answers `{ results }` or `{ error }`, and exits. Results use the
 * IPC channel, so a runtime can print anything.
 */
import { measure } from './measure.mjs';

// Exit when the parent is killed.
process.once('disconnect', () => process.exit(1));

process.once('message', async (message) => {
  const job = /** @type {import('./subject.d.ts').Job} */ (message);
  try {
    const modules = await Promise.all(job.subjects.map(({ module }) => import(module)));
    const opens = modules.map(({ open }) => open);
    leave({ results: await measure(opens, job) }, 0);
  } catch (error) {
    leave({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 1);
  }
});

/**
 * @param {object} answer
 * @param {number} code
 */
function leave(answer, code) {
  process.send?.(answer, () => process.exit(code));
}
