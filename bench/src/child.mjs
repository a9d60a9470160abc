/**
 * A process of one subject's own: takes a job from its parent, answers `{ result }` or `{ error }`, and leaves.
 * Results travel over the IPC channel, so a runtime may print whatever it likes.
 */
import { measure } from './measure.mjs';

// A parent that was killed must not leave a child spinning.
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
