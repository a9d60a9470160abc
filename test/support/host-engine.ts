import type { Host } from '../../src/studio/index.js';
import type { Operation } from '../../src/studio/protocol.js';

/** What a test sees of an engine's calls. */
export interface Call {
  readonly name: Operation;
  readonly takes: unknown;
}

/** The part of the page's engine that its state uses. */
export interface HostEngine {
  host: Host | null;
  readonly calls: Call[];
  readonly run: (
    name: Operation,
    takes: never,
    options?: { readonly report?: (progress: never) => void; readonly signal?: AbortSignal },
  ) => Promise<unknown>;
}

/** Returns an engine of the studio's page that runs the operations of a host in this process. */
export function hostEngine(): HostEngine {
  const engine: HostEngine = {
    host: null,
    calls: [],
    run(name, takes, { report = () => {}, signal = new AbortController().signal } = {}) {
      engine.calls.push({ name, takes });
      return engine.host!.run(name, takes, report as never, signal);
    },
  };
  return engine;
}
