import { modelWith } from '../engine/index.js';
import type { ModelSource } from '../studio/index.js';
import type { ModelShelf } from './model-shelf.js';

/** Returns the models of a server for its studio. A page that has loaded one uses it until it loads another, or closes. */
export function shelfModels(shelf: ModelShelf): ModelSource {
  return {
    models: async () => shelf.ids.map((name) => ({ name, place: 'here', about: 'a model of this server' })),
    // The one who started the server has chosen.
    executors: async () => [],
    async load({ name }) {
      const { served, release } = await shelf.take(name);
      const model = modelWith(served.model, { name: served.id, dispose: async () => release() });
      return { model, notes: [], settings: served.defaults, contextLength: served.contextLength };
    },
  };
}
