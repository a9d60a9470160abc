import { config } from 'zod';
import { createHost, failureOf } from '../../../src/studio/index.js';
import { browserModels } from './browser-models.js';
import type { FromHost, ToWorker } from './engine.js';

// The page's policy forbids code from text, which zod would otherwise try.
config({ jitless: true });

const host = createHost(browserModels(), __VERSION__);
const running = new Map<number, AbortController>();

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'abort') return running.get(data.call)?.abort();
  const { call, name, takes } = data;
  const tell = (message: FromHost): void => self.postMessage({ ...message, call });
  const controller = new AbortController();
  running.set(call, controller);
  try {
    const report = (progress: unknown): void => tell({ kind: 'report', progress });
    tell({ kind: 'done', returns: await host.run(name, takes as never, report, controller.signal) });
  } catch (error) {
    tell({ kind: 'failed', failure: failureOf(error) });
  } finally {
    running.delete(call);
  }
};
