import { signal } from '@preact/signals';
import type { Failure, ModelCard, ModelChoice } from '../../../src/studio/protocol.js';
import { type Engine, EngineError } from '../engine/engine.js';
import { openHttpEngine } from '../engine/http-engine.js';
import { openWorkerEngine } from '../engine/worker-engine.js';

const place = document.querySelector<HTMLMetaElement>('meta[name=holdfast-engine]')?.content;

/** The engine of this page. */
export const engine: Engine = place === 'server' ? openHttpEngine() : openWorkerEngine();

/** The models that can be loaded. */
export const models = signal<readonly ModelChoice[]>([]);

/** The model of the page. */
export type ModelState =
  | { readonly kind: 'loading'; readonly name: string; readonly progress: string }
  | { readonly kind: 'ready'; readonly card: ModelCard }
  | { readonly kind: 'failed'; readonly name: string; readonly failure: Failure };

export const model = signal<ModelState>({ kind: 'loading', name: '', progress: 'starting' });

/** Lists the models, and loads one: the one with this name, or the first. */
export async function start(wanted: string | null): Promise<void> {
  try {
    models.value = await engine.run('models', null);
    await load(models.value.find(({ name }) => name === wanted)?.name ?? models.value[0]!.name);
  } catch (error) {
    model.value = { kind: 'failed', name: wanted ?? '', failure: failureIn(error) };
  }
}

/** Loads a model in the place of the current one. */
export async function load(name: string): Promise<void> {
  model.value = { kind: 'loading', name, progress: 'opening' };
  try {
    const card = await engine.run(
      'load',
      { name },
      {
        report: (progress) => {
          model.value = { kind: 'loading', name, progress };
        },
      },
    );
    model.value = { kind: 'ready', card };
  } catch (error) {
    model.value = { kind: 'failed', name, failure: failureIn(error) };
  }
}

const failureIn = (error: unknown): Failure =>
  error instanceof EngineError
    ? { code: error.code, message: error.message }
    : { code: 'E_BUG', message: error instanceof Error ? error.message : String(error) };
