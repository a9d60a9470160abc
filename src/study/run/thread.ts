import { parentPort, workerData } from 'node:worker_threads';
import type { Reply, Request, ThreadData } from './threads.js';

/** The inside of a thread of `threads.ts`: opens the module that it is given, and does one task after the other. */

const port = parentPort!;
const { module }: ThreadData = workerData;
const { open } = await import(module);
const run = await open();
const reply = (message: Reply): void => port.postMessage(message);

port.on('message', async (request: Request) => {
  // Between two turns of the event loop no native code is at work, which would not survive its thread.
  if (request.kind === 'close') process.exit();
  try {
    reply({ kind: 'result', result: await run(request.task) });
  } catch (error) {
    reply({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
reply({ kind: 'ready' });
