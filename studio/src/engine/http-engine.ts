import { type Engine, EngineError, type FromHost } from './engine.js';

/** Distinguishes the calls of this page from those of another. */
const PAGE = Math.random().toString(36).slice(2);

/** Opens the engine behind the server of this page: each operation is a request, answered line by line. */
export function openHttpEngine(): Engine {
  let calls = 0;
  /** The model of the page, which a server that was started again does not have. */
  let loaded: { readonly name: string } | null = null;
  let wasGone = false;
  /** The model's way back onto such a server. */
  let reloading: Promise<unknown> | null = null;

  const run: Engine['run'] = async (name, takes, { report = () => {}, signal } = {}) => {
    if (wasGone && loaded !== null && name !== 'load' && name !== 'models') {
      reloading ??= run('load', loaded).finally(() => {
        reloading = null;
      });
      await reloading;
    }
    const call = `${PAGE}-${calls++}`;
    // The answer goes on until the model has stopped: what it wrote so far is kept.
    signal?.addEventListener('abort', () => void post('stop', { call }).catch(() => {}));
    try {
      for await (const line of linesOf(await post(name, { call, takes }))) {
        const message = JSON.parse(line) as FromHost;
        if (message.kind === 'report') report(message.progress as never);
        else if (message.kind === 'failed') throw new EngineError(message.failure);
        else {
          if (name === 'load') {
            loaded = takes as { name: string };
            wasGone = false;
          }
          return message.returns as never;
        }
      }
    } catch (error) {
      if (error instanceof EngineError) throw error;
    }
    wasGone = true;
    throw new EngineError({
      code: 'E_SERVER',
      message:
        'the studio’s server does not answer. Start it again with "holdfast studio"; nothing on this page is lost',
    });
  };
  return { place: 'server', run };
}

function post(name: string, body: object): Promise<Response> {
  return fetch(new URL(`api/${name}`, document.baseURI), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
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
