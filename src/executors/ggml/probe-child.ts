/**
 * A process that tries a device, because a driver may end it. It is given a {@link ProbeTask} and answers with
 * {@link ProbeReply}s.
 */
import { messageOf } from '../../errors.js';
import { compareWithProcessor } from './compare-devices.js';
import { describeBackend } from './examine.js';
import { loadLibrary } from './library.js';
import type { ProbeReply, ProbeTask } from './probe.js';

/** Resolves when the answer is sent: the process may end after it. */
const reply = (message: ProbeReply): Promise<void> =>
  new Promise((resolve) => {
    process.send!(message, undefined, undefined, () => resolve());
  });

process.once('message', async ({ name, model }: ProbeTask) => {
  try {
    await reply({ kind: 'device', device: loadLibrary(name).variant });
    const description = await describeBackend(name);
    if (model !== null) await compareWithProcessor(name, model);
    await reply({ kind: 'works', description });
  } catch (error) {
    await reply({ kind: 'fails', why: messageOf(error) });
  }
  process.disconnect();
});
// Also if the parent has gone.
process.once('disconnect', () => process.exit());
