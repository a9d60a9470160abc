import { Worker } from 'node:worker_threads';

/** A thread that does one task at a time. A model computes on the thread that calls it: only threads of their own keep more than one core busy. */
export interface Thread<Task, Result> {
  /** @throws Error with the message of what the task threw, or ThreadEnded */
  run(task: Task): Promise<Result>;
  /**
   * Ends it at the next turn of its event loop, whatever task it is at: a forward pass that is under way ends first.
   * To stop it at once would take the whole process along, with the runtime in the middle of its work.
   */
  close(): Promise<void>;
}

/** What a module that threads run exports as `open`; it is called once a thread. Tasks and results are cloned on their way. */
export type OpenTasks<Task, Result> = () => Promise<(task: Task) => Promise<Result>>;

/** The thread is no more: it was closed, left with an exit code, or threw where nobody caught. */
export class ThreadEnded extends Error {}

export interface ThreadData {
  /** URL of the module. */
  readonly module: string;
}

export type Request = { readonly kind: 'task'; readonly task: unknown } | { readonly kind: 'close' };

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly message: string };

/**
 * Starts a thread on a module that exports `open` as an OpenTasks of these types.
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
  worker.on('messageerror', (error) => end(`its result cannot be passed on: ${error.message}`));
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

/** As `Promise.withResolvers` of Node 22. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
