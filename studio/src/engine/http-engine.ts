import type { LoadRequest, Operation } from '../../../src/studio/protocol.js';
import { type Engine, EngineError, type FromHost } from './engine.js';

/** The code of a server's answer to a request without its token. */
export const NEEDS_TOKEN = 'invalid_api_key';

/** Where the token of a server is kept: as long as the tab is open. */
const TOKEN = 'holdfast-token';

/** Sets the token that requests to the server have. */
export const setToken = (token: string): void => sessionStorage.setItem(TOKEN, token);

/** Opens the engine behind the server of this page: each operation is a request, answered line by line. */
export function openHttpEngine(): Engine {
  /** The name of this page: the server keeps a model and two dialogues for each. */
  const page = crypto.getRandomValues(new Uint32Array(4)).join('-');
  let calls = 0;
  let loaded: LoadRequest | null = null;
  /** The model's way back onto a server that has let go of it. */
  let reloading: Promise<unknown> | null = null;

  async function ask<Returns>(
    name: Operation,
    takes: unknown,
    { report = () => {}, signal }: { report?: (progress: never) => void; signal?: AbortSignal } = {},
  ): Promise<Returns> {
    const call = String(calls++);
    // The answer goes on until the model has stopped: what it wrote so far is kept.
    signal?.addEventListener('abort', () => void post('stop', { page, call }).catch(() => {}));
    try {
      for await (const line of linesOf(await post(name, { page, call, takes }))) {
        const message = JSON.parse(line) as FromHost;
        if (message.kind === 'report') report(message.progress as never);
        else if (message.kind === 'failed') throw new EngineError(message.failure);
        else return message.returns as Returns;
      }
    } catch (error) {
      if (error instanceof EngineError) throw error;
    }
    throw new EngineError({
      code: 'E_SERVER',
      message: 'the server of this page does not answer. Start it again; nothing on this page is lost',
    });
  }

  const run: Engine['run'] = async (name, takes, options) => {
    const once = () => ask<never>(name, takes, options);
    if (name === 'load') {
      const card = await once();
      loaded = takes as LoadRequest;
      return card;
    }
    try {
      return await once();
    } catch (error) {
      // The server was started again, or this page was quiet for long.
      if (!(error instanceof EngineError) || error.code !== 'E_DISPOSED' || loaded === null) throw error;
      reloading ??= ask('load', loaded).finally(() => {
        reloading = null;
      });
      await reloading;
      return once();
    }
  };
  // A page that comes back from the browser's memory loads its model again.
  addEventListener('pagehide', () => void post('leave', { page, call: 'leave' }, true).catch(() => {}));
  return { place: 'server', run };
}

/** @throws EngineError what the server refuses */
async function post(name: string, body: object, keepalive = false): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch(new URL(`studio/${name}`, document.baseURI), {
    ...{ method: 'POST', keepalive, body: JSON.stringify(body) },
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  if (response.ok) return response;
  const { error } = (await response.json()) as { error: { message: string; code: string | null } };
  throw new EngineError({ code: error.code ?? 'E_SERVER', message: error.message });
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const lines = (rest + next.value).split('\n');
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== '');
  }
}
