import { on, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Concurrency } from '../../concurrency.js';
import type { TrialRoundRecord } from '../../organism/index.js';
import type { DemoReply, DemoRequest, DemoSetup, DemoTask } from './worker.js';

/** A thread with the embedded model, which runs trials, several at once if it is given several. */
export interface Runner {
  run(task: DemoTask): AsyncGenerator<TrialRoundRecord>;
  /** Ends the thread. Trials that are running are dropped. */
  close(): Promise<void>;
}

/** Starting more runners than this takes longer than it saves. */
const MOST_RUNNERS = 8;

/** Starts the runners. */
export function openRunners({ jobs, threads }: Concurrency): readonly Runner[] {
  return Array.from({ length: Math.min(jobs, MOST_RUNNERS) }, () => openRunner({ threads }));
}

function openRunner(workerData: DemoSetup): Runner {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
  worker.setMaxListeners(0); // each task listens
  let tasks = 0;
  let exited = false;
  worker.once('exit', () => {
    exited = true;
  });
  return {
    async *run(task) {
      const id = tasks++;
      const messages = on(worker, 'message'); // also throws the worker's errors
      const request: DemoRequest = { kind: 'task', id, task };
      worker.postMessage(request);
      for await (const [reply] of messages as AsyncIterable<[DemoReply]>) {
        if (reply.id !== id) continue;
        if (reply.record === null) return;
        yield reply.record;
      }
    },
    async close() {
      const request: DemoRequest = { kind: 'close' };
      worker.postMessage(request);
      if (!exited) await once(worker, 'exit');
    },
  };
}

/**
 * Runs all tasks in parallel; element n of the result belongs to task n.
 * @param batch tasks that each runner runs at once
 */
export async function runAll(
  runners: readonly Runner[],
  batch: number,
  tasks: readonly DemoTask[],
  onDone: (done: number) => void,
): Promise<TrialRoundRecord[][]> {
  const results: TrialRoundRecord[][] = tasks.map(() => []);
  const waiting = [...tasks.entries()];
  let done = 0;
  const work = async (runner: Runner): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, task] = next;
      for await (const record of runner.run(task)) results[index]!.push(record);
      onDone(++done);
    }
  };
  await Promise.all(runners.flatMap((runner) => Array.from({ length: batch }, () => work(runner))));
  return results;
}
