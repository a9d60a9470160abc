import { parentPort, workerData } from 'node:worker_threads';
import type { Reply, Request, ThreadData } from './threads.js';

// Runs inside each thread of `threads.ts`: opens the given module and runs one task after the other.

const port = parentPort!;
const { module }: ThreadData = workerData;
const { open } = await import(module);
const run = await open();
const reply = (message: Reply): void => port.postMessage(message);

port.on('message', async (request: Request) => {
  // Exit here, between tasks: native code that is still running would crash when its thread ends.
  if (request.kind === 'close') process.exit();
  try {
    reply({ kind: 'result', result: await run(request.task) });
  } catch (error) {
    reply({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
reply({ kind: 'ready' });
