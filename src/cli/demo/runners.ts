import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { TrialRoundRecord } from '../../organism/index.js';
import type { DemoTask } from './worker.js';

/** A thread with the embedded model, which runs one trial at a time. */
export interface Runner {
  run(task: DemoTask): AsyncGenerator<TrialRoundRecord>;
  close(): Promise<unknown>;
}

/** Starts a runner. The runtime computes on the calling thread, so only separate threads use more than one core. */
export function openRunner(): Runner {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  return {
    async *run(task) {
      const messages = on(worker, 'message'); // also throws the worker's errors
      worker.postMessage(task);
      for await (const [record] of messages) {
        if (record === null) return;
        yield record;
      }
    },
    close: () => worker.terminate(),
  };
}

/** Runs all tasks in parallel, one per runner at a time; element n of the result belongs to task n. */
export async function runAll(
  runners: readonly Runner[],
  tasks: readonly DemoTask[],
  onDone: (done: number) => void,
): Promise<TrialRoundRecord[][]> {
  const results: TrialRoundRecord[][] = tasks.map(() => []);
  const waiting = [...tasks.entries()];
  let done = 0;
  await Promise.all(
    runners.map(async (runner) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, task] = next;
        for await (const record of runner.run(task)) results[index]!.push(record);
        onDone(++done);
      }
    }),
  );
  return results;
}
