import { type Engine, EngineError, type FromHost, type ToWorker } from './engine.js';

interface Call {
  readonly report: (progress: never) => void;
  readonly resolve: (returns: never) => void;
  readonly reject: (error: Error) => void;
}

/** Opens the engine that runs in a worker of this page. */
export function openWorkerEngine(): Engine {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'model' });
  const calls = new Map<number, Call>();
  let next = 0;
  const send = (message: ToWorker): void => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromHost & { readonly call: number }>) => {
    const call = calls.get(data.call);
    if (call === undefined) return;
    if (data.kind === 'report') return call.report(data.progress as never);
    calls.delete(data.call);
    if (data.kind === 'done') call.resolve(data.returns as never);
    else call.reject(new EngineError(data.failure));
  };
  worker.onerror = ({ message }) => {
    const failure = {
      code: 'E_WORKER',
      message: `the model's worker stopped: ${message || 'it cannot be loaded'}`,
    };
    for (const { reject } of calls.values()) reject(new EngineError(failure));
    calls.clear();
  };
  return {
    place: 'browser',
    run: (name, takes, { report = () => {}, signal } = {}) =>
      new Promise((resolve, reject) => {
        const call = next++;
        calls.set(call, { report, resolve, reject });
        send({ kind: 'run', call, name, takes });
        signal?.addEventListener('abort', () => send({ kind: 'abort', call }));
      }),
  };
}
