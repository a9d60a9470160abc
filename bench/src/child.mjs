/**
 * The process of one subject: receives a job from its parent, answers `{ result }` or `{ error }`, and exits.
 * Results use the IPC channel, so a runtime can print anything.
 */
import { measure } from './measure.mjs';

// Exit when the parent is killed.
process.once('disconnect', () => process.exit(1));

process.once('message', async (message) => {
  const job = /** @type {import('./subject.d.ts').Job} */ (message);
  try {
    const { open } = await import(job.module);
    leave({ result: await measure(open, job) }, 0);
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
