import { Worker } from 'node:worker_threads';

/** A thread that runs one task at a time. A model computes on the thread that calls it, so each core needs a thread. */
export interface Thread<Task, Result> {
  /** Runs a task. @throws Error with the message of the task's error; {@link ThreadEnded} */
  run(task: Task): Promise<Result>;
  /**
   * Ends the thread at the next turn of its event loop, even during a task, but after the current forward pass. Stopping
   * it at once would crash the process, because the runtime would be in the middle of its work.
   */
  close(): Promise<void>;
}

/** The function that a thread's module exports as `open`. Each thread calls it once. Tasks and results are cloned. */
export type OpenTasks<Task, Result> = () => Promise<(task: Task) => Promise<Result>>;

/** The thread has ended: it was closed, exited, or had an uncaught error. */
export class ThreadEnded extends Error {}

/** The data that a thread starts with. */
export interface ThreadData {
  /** URL of the module. */
  readonly module: string;
}

/** A message to a thread. */
export type Request = { readonly kind: 'task'; readonly task: unknown } | { readonly kind: 'close' };

/** A message from a thread. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly message: string };

/**
 * Starts a thread on a module that exports a function `open` of type {@link OpenTasks}.
 * @throws ThreadEnded when the module cannot be opened
 */
export async function openThread<Task, Result>(module: URL): Promise<Thread<Task, Result>> {
  const workerData: ThreadData = { module: module.href };
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
  let waiting: PromiseWithResolvers<Result> | null = null;
  let ended: ThreadEnded | null = null;
  const opened = withResolvers<void>();
  const exited = withResolvers<void>();

  const settle = (): PromiseWithResolvers<Result> | null => {
    const settled = waiting;
    waiting = null;
    return settled;
  };
  const end = (why: string): void => {
    ended ??= new ThreadEnded(why);
    opened.reject(ended);
    settle()?.reject(ended);
  };
  worker.on('message', (reply: Reply & { readonly result: Result }) => {
    if (reply.kind === 'ready') opened.resolve();
    else if (reply.kind === 'result') settle()?.resolve(reply.result);
    else settle()?.reject(new Error(reply.message));
  });
  worker.on('error', (error: Error) => end(`the thread ended with an error: ${error.message}`));
  worker.on('messageerror', (error) => end(`the result of the task cannot be cloned: ${error.message}`));
  worker.on('exit', (code) => {
    end(`the thread ended with exit code ${code}`);
    exited.resolve();
  });

  await opened.promise;
  return {
    run(task) {
      if (ended !== null) return Promise.reject(ended);
      waiting = withResolvers<Result>();
      const request: Request = { kind: 'task', task };
      worker.postMessage(request);
      return waiting.promise;
    },
    async close() {
      if (ended !== null) return;
      const request: Request = { kind: 'close' };
      worker.postMessage(request);
      await exited.promise;
    },
  };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Does as `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
