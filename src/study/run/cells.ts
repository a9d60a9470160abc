import { takesOption } from '../../executors/registry.js';
import { type LoadedModel, loadModel } from '../../load.js';
import { sendNotesTo } from '../../notes.js';
import { modelFile } from '../plan/index.js';
import type { ModelSpec } from '../spec/index.js';
import type { OpenCells } from './compute.js';
import { runCell } from './run-cell.js';

/**
 * Runs inside each thread of a study. Each uses one thread of the runtime: threads of a runtime wait for work by
 * spinning, so more of them would take the cores from each other. A model stays loaded until a cell needs another one;
 * a thread never holds two.
 */
export const open: OpenCells = async () => {
  // The main thread told the notes on the models when it read their facts.
  sendNotesTo(() => {});
  let held: { readonly spec: string; readonly model: LoadedModel } | null = null;
  const modelOf = async (spec: ModelSpec): Promise<LoadedModel> => {
    const key = JSON.stringify(spec);
    if (held?.spec === key) return held.model;
    await held?.model.dispose();
    held = null;
    const { executor, precision, path } = spec;
    const options = {
      ...(takesOption(executor, 'threads') ? { threads: 1 } : {}),
      ...(precision === null ? {} : { precision }),
    };
    const model = await loadModel(modelFile(path), { executor, ...options });
    held = { spec: key, model };
    return model;
  };
  return async (cell) => runCell(await modelOf(cell.model), cell);
};
