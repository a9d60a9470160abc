import { cacheBytes } from '../concurrency.js';
import { changeSettings, defaultSettings, type Settings, type SettingsOptions } from '../dialogue/index.js';
import { defaultContextLength, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { sha256 } from '../hash.js';
import type { ChatFormat } from '../text/index.js';
import { CachePool } from './cache-pool.js';

/** How a model is served. */
export interface ServingOptions {
  /** Context length in tokens; default: the model's own, at most 8192. */
  readonly contextLength?: number | undefined;
  /** Bytes of keys and values of all caches. At least one cache is kept. */
  readonly cacheMemory: number;
  /** Answers that are generated at once. */
  readonly parallel: number;
  /** Requests that may wait. */
  readonly queue: number;
}

/** A loaded model, its caches, and what requests get by default. */
export interface ServedModel {
  readonly id: string;
  readonly model: Model;
  readonly format: ChatFormat;
  /** The settings of requests that have none of their own. Their answers may fill the context. */
  readonly defaults: Settings;
  /** The seed of requests without one; null for one by chance. */
  readonly seed: number | null;
  readonly contextLength: number;
  readonly pool: CachePool;
  /** Names what the answers depend on besides the request: model, executor, precision. */
  readonly fingerprint: string;
  dispose(): Promise<void>;
}

/** More caches than this are of no use. */
const MOST_CACHES = 1024;

/**
 * Prepares a loaded model for requests.
 * @param settings what requests get that ask for nothing else
 * @throws HoldfastError `E_TEMPLATE` if it has no chat template; `E_CONTEXT_FULL` for a context length that it does not have
 */
export async function serveModel(
  id: string,
  model: Model,
  settings: SettingsOptions,
  { contextLength, cacheMemory, parallel, queue }: ServingOptions,
): Promise<ServedModel> {
  const { executor, format } = model;
  if (format === null) {
    throw new HoldfastError('E_TEMPLATE', `${id} has no chat template`, {
      hint: 'It may be a base model: use an instruction-tuned one, or put a chat_template.jinja in its folder',
    });
  }
  const { blueprint } = executor;
  const tokens = contextLength ?? defaultContextLength(blueprint);
  const usual = { ...defaultSettings(tokens), maxTokens: tokens };
  const caches = Math.floor(cacheMemory / cacheBytes(blueprint, contextLength));
  const pool = new CachePool(model, {
    contextLength,
    caches: Math.min(MOST_CACHES, Math.max(1, caches)),
    parallel,
    queue,
  });
  const fingerprint = await sha256([id, executor.name, executor.precision].join('\n'));
  return {
    id,
    model,
    format,
    defaults: changeSettings(usual, settings, model),
    seed: settings.sampling?.seed ?? null,
    contextLength: tokens,
    pool,
    fingerprint: `fp_${fingerprint.slice(0, 12)}`,
    async dispose() {
      pool.dispose();
      await model.dispose();
    },
  };
}
