import { Places } from '../../dialogue/index.js';
import { takesOption } from '../../executors/registry.js';
import { loadModel } from '../../load.js';
import { sendNotesTo } from '../../notes.js';
import { modelFile } from '../plan/index.js';
import type { OpenCells } from './computer.js';
import { holdModel } from './held-model.js';
import { runCell } from './run-cell.js';

/** Runs inside each thread of a study. A model stays loaded until a cell needs another one. */
export const open: OpenCells = async ({ threads, batch }) => {
  // The main thread told the notes on the models when it read their facts.
  sendNotesTo(() => {});
  const held = holdModel(({ executor, precision, path }) =>
    loadModel(modelFile(path), {
      executor,
      batchInvariant: true,
      ...(threads !== null && takesOption(executor, 'threads') ? { threads } : {}),
      ...(precision === null ? {} : { precision }),
    }),
  );
  // Places without a cell are for probes.
  const places = new Places(batch);
  return {
    run: (cell) =>
      held.use(cell.model, async (model) => {
        places.enter();
        try {
          return await runCell(model, cell, places);
        } finally {
          places.leave();
        }
      }),
    close: () => held.close(),
  };
};
