import { signal } from '@preact/signals';
import type {
  ExecutorChoice,
  Failure,
  LoadRequest,
  ModelCard,
  ModelChoice,
} from '../../../src/studio/protocol.js';
import { type Engine, failureIn } from '../engine/engine.js';
import { openHttpEngine, setToken } from '../engine/http-engine.js';
import { openWorkerEngine } from '../engine/worker-engine.js';

const place = document.querySelector<HTMLMetaElement>('meta[name=holdfast-engine]')?.content;

/** The engine of this page. */
export const engine: Engine = place === 'server' ? openHttpEngine() : openWorkerEngine();

/** The models that can be loaded. */
export const models = signal<readonly ModelChoice[]>([]);
/** The executors to choose from; fewer than two: there is no choice. */
export const executors = signal<readonly ExecutorChoice[]>([]);

/** The model of the page. */
export type ModelState =
  | { readonly kind: 'loading'; readonly name: string; readonly progress: string }
  | { readonly kind: 'ready'; readonly card: ModelCard }
  | { readonly kind: 'failed'; readonly name: string; readonly failure: Failure };

export const model = signal<ModelState>({ kind: 'loading', name: '', progress: 'starting' });

/** Stops the load in progress; null if there is none. */
let stopper: AbortController | null = null;
/** What the page had loaded last. */
let last: LoadRequest | null = null;

/** Lists the models, and loads the one that the page's address names, or the first. */
export async function start(): Promise<void> {
  const asked = new URLSearchParams(location.search);
  const wanted = asked.get('model');
  try {
    models.value = await engine.run('models', null);
    const name = models.value.find((choice) => choice.name === wanted)?.name ?? models.value[0]!.name;
    await load({ name, executor: asked.get('executor') });
    executors.value = await engine.run('executors', null);
  } catch (error) {
    model.value = { kind: 'failed', name: wanted ?? '', failure: failureIn(error) };
  }
}

/** Starts again with the token that the server asks for. */
export async function startWithToken(token: string): Promise<void> {
  setToken(token);
  model.value = { kind: 'loading', name: '', progress: 'starting' };
  await start();
}

/** Loads a model in the place of the current one. If it is stopped, the one before comes back. */
export async function load(asked: LoadRequest): Promise<void> {
  const { name } = asked;
  const controller = new AbortController();
  stopper = controller;
  const { signal } = controller;
  model.value = { kind: 'loading', name, progress: 'opening' };
  try {
    const report = (progress: string): void => {
      model.value = { kind: 'loading', name, progress };
    };
    const card = await engine.run('load', asked, { report, signal });
    last = asked;
    remember(asked);
    model.value = { kind: 'ready', card };
  } catch (error) {
    if (signal.aborted && last !== null && last.name !== name) return load(last);
    model.value = { kind: 'failed', name, failure: failureIn(error) };
  } finally {
    if (stopper === controller) stopper = null;
  }
}

/** Stops a download. The part that has come is kept for the next time. */
export function stopLoading(): void {
  stopper?.abort();
}

/** Writes what is loaded into the page's address, so that a reload finds it. */
function remember({ name, executor }: LoadRequest): void {
  const address = new URL(location.href);
  address.searchParams.set('model', name);
  if (executor === null) address.searchParams.delete('executor');
  else address.searchParams.set('executor', executor);
  history.replaceState(null, '', address);
}
