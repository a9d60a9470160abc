import { type LoadedModel, loadModel } from '../../load.js';
import { modelFile } from '../plan/index.js';
import type { ModelSpec } from '../spec/index.js';
import type { OpenCells } from './compute.js';
import { runCell } from './run-cell.js';

/**
 * The inside of a study's threads. One thread of the runtime each: beside each other, threads that wait for work by
 * spinning keep each other from it. A model stays until a cell needs another one, so that no more than one is held.
 */
export const open: OpenCells = async () => {
  let held: { readonly spec: string; readonly model: LoadedModel } | null = null;
  const modelOf = async (spec: ModelSpec): Promise<LoadedModel> => {
    const key = JSON.stringify(spec);
    if (held?.spec === key) return held.model;
    await held?.model.dispose();
    held = null;
    const { executor, precision, path } = spec;
    const options = {
      ...(executor === 'cpu' ? { threads: 1 } : {}),
      ...(precision === null ? {} : { precision }),
    };
    const model = await loadModel(modelFile(path), { executor, ...options });
    held = { spec: key, model };
    return model;
  };
  return async (cell) => runCell(await modelOf(cell.model), cell);
};
