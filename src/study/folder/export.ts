import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import type { PlannedCell, StudyModel } from '../plan/index.js';
import { replaceFiles, unwritable } from './durable.js';
import { readCell, type StudyFolder } from './folder.js';
import { openTable, type Sink } from './parquet.js';
import { COSTS, HEADS, PROBES, type Result, ROUNDS } from './result-tables.js';

/**
 * Writes what is kept of a plan, in its order: `results.jsonl`, a line a cell, and the tables as Parquet. The same cells
 * make the same bytes, whoever computed them and when.
 * @throws HoldfastError `E_UNWRITABLE`, `E_UNREADABLE` when a cell is damaged
 */
export async function exportResults(
  folder: StudyFolder,
  plan: readonly PlannedCell[],
  models: readonly Pick<StudyModel, 'name' | 'heads'>[],
): Promise<void> {
  const paths = EXPORTS.map(({ name }) => join(folder.path, name));
  await replaceFiles(paths, folder.writer, async (temporaries) => {
    const sinks = EXPORTS.map(({ open }, at) => named(paths[at]!, () => open(temporaries[at]!)));
    for await (const result of readResults(folder.path, plan, models)) {
      for (const [at, sink] of sinks.entries()) named(paths[at]!, () => sink.add(result));
    }
    for (const [at, sink] of sinks.entries()) named(paths[at]!, () => sink.finish());
  });
}

const EXPORTS: readonly { readonly name: string; readonly open: (path: string) => Sink }[] = [
  { name: 'results.jsonl', open: openLines },
  { name: 'rounds.parquet', open: (path) => openTable(ROUNDS, path) },
  { name: 'probes.parquet', open: (path) => openTable(PROBES, path) },
  { name: 'costs.parquet', open: (path) => openTable(COSTS, path) },
  { name: 'heads.parquet', open: (path) => openTable(HEADS, path) },
];

function openLines(path: string): Sink {
  const file = openSync(path, 'w');
  return {
    add: ({ address, record }) => writeFileSync(file, `${JSON.stringify({ address, ...record })}\n`),
    finish: () => closeSync(file),
  };
}

/** What fails in writing one of several files names that file. */
function named<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * The results that are there, one after the other, as `readStudy` tells plan and models.
 * @throws HoldfastError `E_UNREADABLE` when a cell is damaged
 */
export async function* readResults(
  folder: string,
  plan: readonly PlannedCell[],
  models: readonly Pick<StudyModel, 'name' | 'heads'>[],
): AsyncGenerator<Result> {
  const headsOf = new Map(models.map(({ name, heads }) => [name, heads]));
  for (const { address, labels } of plan) {
    const state = await readCell(folder, address);
    if (state.kind === 'damaged') {
      throw new HoldfastError('E_UNREADABLE', `the cell is damaged: ${state.damage}`, {
        file: state.file,
        hint: 'Run the study again: it sets the file aside and computes the cell anew',
      });
    }
    if (state.kind === 'missing') continue;
    // The same cell may have gone by other names when it was computed.
    yield { address, record: { ...state.record, ...labels }, headsPerLayer: headsOf.get(labels.model) ?? 1 };
  }
}
