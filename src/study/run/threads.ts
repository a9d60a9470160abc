import { Worker } from 'node:worker_threads';

/** A thread that runs tasks, several at once if it is given several. */
export interface Thread<Task, Result> {
  /** Runs a task. @throws Error with the message of the task's error; {@link ThreadEnded} */
  run(task: Task): Promise<Result>;
  /**
   * Ends the thread, also during tasks, which then fail. Forward passes that are running end first: stopping the thread
   * at once would crash the process, because the runtime would be in the middle of its work.
   */
  close(): Promise<void>;
}

/** What a thread's module does with tasks. */
export interface Tasks<Task, Result> {
  run(task: Task): Promise<Result>;
  /** Frees what the tasks use. When it resolves, no native code runs any more. */
  close(): Promise<void>;
}

/**
 * The function that a thread's module exports as `open`. Each thread calls it once. The setup, tasks and results are
 * cloned.
 */
export type OpenTasks<Task, Result, Setup> = (setup: Setup) => Promise<Tasks<Task, Result>>;

/** The thread has ended: it was closed, exited, or had an uncaught error. */
export class ThreadEnded extends Error {}

/** The data that a thread starts with. */
export interface ThreadData {
  /** URL of the module. */
  readonly module: string;
  readonly setup: unknown;
}

/** A message to a thread. */
export type Request =
  | { readonly kind: 'task'; readonly id: number; readonly task: unknown }
  | { readonly kind: 'close' };

/** A message from a thread. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

/**
 * Starts a thread on a module that exports a function `open` of type {@link OpenTasks}.
 * @throws ThreadEnded when the module cannot be opened
 */
export async function openThread<Task, Result, Setup = undefined>(
  module: URL,
  setup?: Setup,
): Promise<Thread<Task, Result>> {
  const workerData: ThreadData = { module: module.href, setup };
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  let tasks = 0;
  let ended: ThreadEnded | null = null;
  let closing = false;
  const opened = withResolvers<void>();
  const exited = withResolvers<void>();

  const taken = (id: number): PromiseWithResolvers<Result> | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    return found;
  };
  const end = (why: string): void => {
    ended ??= new ThreadEnded(why);
    opened.reject(ended);
    for (const id of [...waiting.keys()]) taken(id)!.reject(ended);
  };
  worker.on('message', (reply: Reply & { readonly result: Result }) => {
    if (reply.kind === 'ready') opened.resolve();
    else if (reply.kind === 'result') taken(reply.id)?.resolve(reply.result);
    else taken(reply.id)?.reject(new Error(reply.message));
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
      const id = tasks++;
      const result = withResolvers<Result>();
      waiting.set(id, result);
      const request: Request = { kind: 'task', id, task };
      worker.postMessage(request);
      return result.promise;
    },
    async close() {
      if (ended !== null) return;
      const request: Request = { kind: 'close' };
      if (!closing) worker.postMessage(request);
      closing = true;
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
