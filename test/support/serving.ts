import { openChat } from '../../src/dialogue/index.js';
import type { Model } from '../../src/engine/index.js';
import {
  createApp,
  type LogEntry,
  ModelShelf,
  type ServerOptions,
  type ServingOptions,
  serveModel,
  Workload,
} from '../../src/server/index.js';
import { NOW } from './text-fixtures.js';

/** A server without a port, and what it logged. */
export interface Serving {
  readonly app: ReturnType<typeof createApp>;
  readonly log: readonly LogEntry[];
  readonly workload: Workload;
  readonly shelf: ModelShelf;
  /** Sends a request with a body of JSON, or without one. */
  ask(path: string, body?: unknown, init?: RequestInit): Promise<Response>;
}

/** Serves models by name. They are not disposed of. */
export function serving(
  models: Readonly<Record<string, Model>>,
  settings: Parameters<typeof serveModel>[2] = {},
  options: Partial<ServerOptions & ServingOptions & { readonly modelMemory: number }> = {},
): Serving {
  const { contextLength = 256, cacheMemory = 2 ** 30, parallel = 4, queue = 16, ...others } = options;
  const { modelMemory = 2 ** 40, ...own } = others;
  const log: LogEntry[] = [];
  const entries = Object.entries(models).map(([id, model]) => ({
    id,
    bytes: async () => 100,
    load: () =>
      serveModel(
        id,
        { ...model, tokenizer: model.tokenizer, format: model.format, dispose: async () => {} },
        settings,
        {
          ...{ contextLength, cacheMemory, parallel, queue },
        },
      ),
  }));
  const shelf = new ModelShelf(entries, modelMemory);
  const workload = new Workload();
  const app = createApp({
    ...{ shelf, workload, log: (entry) => void log.push(entry), logContents: false, version: '1.2.3' },
    access: { token: null, hosts: [], origins: [] },
    now: () => NOW,
    ...own,
  });
  return {
    ...{ app, log, workload, shelf },
    ask: async (path, body, init = {}) =>
      app.request(`http://localhost${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        ...init,
        headers: { host: 'localhost:8723', 'content-type': 'application/json', ...init.headers },
      }),
  };
}

/** Returns the JSON of a response. */
export const jsonOf = async (response: Response) => JSON.parse(await response.text());

/** Reads a stream of events to its end. */
export async function eventsOf(response: Response) {
  const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('data: '));
  const data = events.map((event) => event.slice('data: '.length));
  const done = data.at(-1) === '[DONE]';
  return { chunks: (done ? data.slice(0, -1) : data).map((text) => JSON.parse(text)), done };
}

/** Returns what a chat of the library answers to one message. */
export async function chatAnswer(
  model: Model,
  user: string,
  options: Parameters<typeof openChat>[1],
): Promise<string> {
  const chat = openChat(model, { contextLength: 256, now: NOW, ...options } as never);
  for await (const _ of chat.answer(user)) void _;
  chat.dispose();
  return chat.turns.at(-1)!.assistant;
}
