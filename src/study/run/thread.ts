import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { Reply, Request, ThreadData } from './threads.js';

// Runs inside each thread of `threads.ts`: opens the given module and runs every task that arrives, also while others run.

const port = parentPort!;
const { module, setup }: ThreadData = workerData;
const { open } = await import(module);
const tasks = await open(setup);
const reply = (message: Reply): void => port.postMessage(message);

async function run(id: number, task: unknown): Promise<void> {
  try {
    reply({ kind: 'result', id, result: await tasks.run(task) });
  } catch (error) {
    reply({ kind: 'error', id, message: messageOf(error) });
  }
}

async function close(): Promise<void> {
  try {
    await tasks.close();
  } finally {
    process.exit();
  }
}

port.on('message', (request: Request) => {
  if (request.kind === 'close') void close();
  else void run(request.id, request.task);
});
reply({ kind: 'ready' });
