import { existsSync } from 'node:fs';
import { modelWith } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { HubCache, hubSettings, locateModel, readCatalogue } from '../../hub/index.js';
import { EMBEDDED_MODELS } from '../../load.js';
import type { ModelChoice, ModelSource } from '../../studio/index.js';
import { type ModelOptions, openWithOptions } from '../options/index.js';
import { printBytes } from '../terminal/index.js';

/**
 * Returns the models of a studio on this machine: the one that was named, the embedded ones, those in the cache, and those of
 * the catalogue, which are downloaded first. A name that is not among these is refused.
 * @param named the model that was named on the command line, and its path
 */
export function localModels(
  named: { readonly name: string; readonly path: string } | null,
  options: ModelOptions,
): ModelSource {
  async function models(): Promise<readonly ModelChoice[]> {
    const cached = await new HubCache(hubSettings().cache).scan();
    const choices = [
      ...(named === null ? [] : [{ name: named.name, about: 'named on the command line' }]),
      { name: 'organism', about: '2 million parameters, made to lose its system prompt' },
      // The npm package does not have it.
      ...(existsSync(EMBEDDED_MODELS.get('organism/sharp')!)
        ? [{ name: 'organism/sharp', about: 'its twin that does not lose it' }]
        : []),
      ...cached.map(({ repo, bytes }) => ({ name: repo, about: `in the cache, ${printBytes(bytes)}` })),
      ...readCatalogue()
        .filter(({ model, gated }) => !gated && !EMBEDDED_MODELS.has(model))
        .map(({ model, parameters }) => ({
          name: model,
          about: `to download, ${Math.round(parameters / 1e6)} million parameters`,
        })),
    ];
    return choices.filter(({ name }, index) => choices.findIndex((other) => other.name === name) === index);
  }
  return {
    models,
    async load(name, report) {
      if (!(await models()).some((choice) => choice.name === name)) {
        throw new HoldfastError('E_NOT_FOUND', `the studio has no model of the name ${name}`);
      }
      const path =
        name === named?.name
          ? named.path
          : (EMBEDDED_MODELS.get(name) ??
            (await locateModel(name, {
              onProgress: ({ doneBytes, bytes }) =>
                report(`downloading, ${printBytes(doneBytes)} of ${printBytes(bytes)}`),
            })));
      report('loading the weights');
      const model = await openWithOptions(path, options, true);
      // The page shows the name by which the model was chosen, not its path.
      return { model: modelWith(model, { name }), notes: [] };
    },
  };
}
