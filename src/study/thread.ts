import { parentPort, workerData } from 'node:worker_threads';
import type { Reply, ThreadData } from './threads.js';

/** The inside of a thread of `threads.ts`: opens the module that it is given, and does one task after the other. */

const port = parentPort!;
const { module }: ThreadData = workerData;
const { open } = await import(module);
const run = await open();
const reply = (message: Reply): void => port.postMessage(message);

port.on('message', async (task: unknown) => {
  try {
    reply({ kind: 'result', result: await run(task) });
  } catch (error) {
    reply({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
reply({ kind: 'ready' });
