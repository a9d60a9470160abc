import { type Model, modelWith } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { EXECUTOR_TABLE, EXECUTORS, takesOption } from '../../executors/registry.js';
import { HubCache, hubSettings, locateModel, readCatalogue } from '../../hub/index.js';
import { EMBEDDED_MODELS, hasSharpTwin } from '../../load.js';
import type { ExecutorChoice, ModelChoice, ModelSource } from '../../studio/index.js';
import { type ModelOptions, openWithOptions } from '../options/index.js';
import { printBytes } from '../terminal/index.js';

/**
 * Returns the models of a studio on this machine: the one that was named, the embedded ones, those in the cache, and those of
 * the catalogue, which are downloaded first. A name that is not among these is refused. Pages that load the same model on the
 * same executor share it.
 * @param named the model that was named on the command line, and its path
 */
export function localModels(
  named: { readonly name: string; readonly path: string } | null,
  options: ModelOptions,
): ModelSource {
  const shared = new SharedModels();
  let examined: Promise<readonly ExecutorChoice[]> | null = null;

  async function models(): Promise<readonly ModelChoice[]> {
    const cached = await new HubCache(hubSettings().cache).scan();
    const here = { place: 'here' as const };
    const choices = [
      ...(named === null ? [] : [{ ...here, name: named.name, about: 'named on the command line' }]),
      { ...here, name: 'organism', about: '2 million parameters, made to lose its system prompt' },
      ...(hasSharpTwin()
        ? [{ ...here, name: 'organism/sharp', about: 'its twin that does not lose it' }]
        : []),
      ...cached.map(({ repo, bytes }) => ({ name: repo, place: 'cache' as const, about: printBytes(bytes) })),
      ...readCatalogue()
        .filter(({ model, gated }) => !gated && !EMBEDDED_MODELS.has(model))
        .map(({ model, parameters }) => ({
          name: model,
          place: 'hub' as const,
          about: `${Math.round(parameters / 1e6)} million parameters`,
        })),
    ];
    return choices.filter(({ name }, index) => choices.findIndex((other) => other.name === name) === index);
  }

  /** Returns where a model is, and downloads it if it is nowhere. */
  async function pathOf(
    name: string,
    report: (progress: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    if (name === named?.name) return named.path;
    try {
      return (
        EMBEDDED_MODELS.get(name) ??
        (await locateModel(name, {
          signal,
          onProgress: ({ doneBytes, bytes }) =>
            report(`downloading, ${printBytes(doneBytes)} of ${printBytes(bytes)}`),
        }))
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new HoldfastError('E_ABORTED', 'the download was stopped', {
        hint: 'Choose the model again to resume it',
      });
    }
  }

  return {
    models,
    executors: () => (examined ??= workingExecutors()),
    async load({ name, executor }, report, signal) {
      if (!(await models()).some((choice) => choice.name === name)) {
        throw new HoldfastError('E_NOT_FOUND', `the studio has no model of the name ${name}`);
      }
      const path = await pathOf(name, report, signal);
      report('loading the weights');
      const flags = optionsFor(executor, options);
      const key = JSON.stringify([path, flags]);
      const model = await shared.take(key, () => openWithOptions(path, flags, true));
      // The page shows the name by which the model was chosen, not its path.
      return { model: modelWith(model, { name }), notes: [] };
    },
  };
}

/** Returns the options of a load: those of the command line, as far as an executor that the page chose takes them. */
function optionsFor(chosen: string | null, options: ModelOptions): ModelOptions {
  if (chosen === null || chosen === options.executor) return options;
  const executor = EXECUTORS.find((name) => name === chosen);
  if (executor === undefined) throw new HoldfastError('E_EXECUTOR', `"${chosen}" is not an executor`);
  const { precision, threads } = options;
  return {
    executor,
    ...(precision !== undefined && takesOption(executor, 'precision') ? { precision } : {}),
    ...(threads !== undefined && takesOption(executor, 'threads') ? { threads } : {}),
  };
}

/** Returns the executors that work on this machine, with what they run on. */
async function workingExecutors(): Promise<readonly ExecutorChoice[]> {
  const examined = await Promise.all(
    EXECUTORS.map(async (name) => {
      try {
        return { name, about: await EXECUTOR_TABLE[name].examine() };
      } catch {
        return null; // holdfast doctor says why
      }
    }),
  );
  return examined.filter((choice) => choice !== null);
}

/** Models that several pages use. Each is loaded once, and disposed of when the last page has let go of it. */
class SharedModels {
  readonly #open = new Map<string, { readonly model: Promise<Model>; users: number }>();

  /** @returns the model; disposing of it lets go of it */
  async take(key: string, load: () => Promise<Model>): Promise<Model> {
    const open = this.#open.get(key) ?? { model: load(), users: 0 };
    this.#open.set(key, open);
    open.users++;
    const release = (): boolean => {
      open.users--;
      return open.users === 0 && this.#open.delete(key);
    };
    try {
      const model = await open.model;
      return modelWith(model, {
        dispose: async () => {
          if (release()) await model.dispose();
        },
      });
    } catch (error) {
      release();
      throw error;
    }
  }
}
