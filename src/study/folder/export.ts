import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import type { CellRecord, PlannedCell, StudyModel } from '../plan/index.js';
import { openCells } from './cell-reader.js';
import { replaceFiles, unwritable } from './durable.js';
import type { StudyFolder } from './folder.js';
import { openTable, type Sink } from './parquet.js';
import { CHANCE, COSTS, HEADS, INFLUENCE, PROBES, type Result, ROUNDS } from './result-tables.js';

/**
 * Writes the finished cells in the order of the plan: `results.jsonl` with one line per cell, and the Parquet tables. The
 * same cells always give the same bytes.
 * @throws HoldfastError `E_UNWRITABLE`; `E_UNREADABLE` when a cell is damaged
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
  { name: 'chance.parquet', open: (path) => openTable(CHANCE, path) },
  { name: 'influence.parquet', open: (path) => openTable(INFLUENCE, path) },
  { name: 'heads.parquet', open: (path) => openTable(HEADS, path) },
];

function openLines(path: string): Sink {
  const file = openSync(path, 'w');
  return {
    add: ({ address, record }) => writeFileSync(file, `${JSON.stringify({ address, ...record })}\n`),
    finish: () => closeSync(file),
  };
}

/** Runs one step of writing a file, and names the file in the error if it fails. */
function named<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Yields the results of the finished cells in the order of the plan.
 * @param plan and `models`: as {@link readStudy} returns them
 * @throws HoldfastError `E_UNREADABLE` when a cell is damaged
 */
export async function* readResults(
  folder: string,
  plan: readonly PlannedCell[],
  models: readonly Pick<StudyModel, 'name' | 'heads'>[],
): AsyncGenerator<Result> {
  const headsOf = new Map(models.map(({ name, heads }) => [name, heads]));
  for await (const { cell, record } of readRecords(folder, plan)) {
    if (record === null) continue;
    yield { address: cell.address, record, headsPerLayer: headsOf.get(cell.labels.model) ?? 1 };
  }
}

/** A planned cell and its record, with the labels of the plan; null if it has not been computed. */
export interface PlannedRecord {
  readonly cell: PlannedCell;
  readonly record: CellRecord | null;
}

/**
 * Yields planned cells with their records, in the order of the plan.
 * @throws HoldfastError `E_UNREADABLE` when a cell is damaged
 */
export async function* readRecords(
  folder: string,
  plan: Iterable<PlannedCell>,
): AsyncGenerator<PlannedRecord> {
  const { read } = await openCells(folder);
  for (const cell of plan) {
    const state = await read(cell.address);
    if (state.kind === 'damaged') {
      throw new HoldfastError('E_UNREADABLE', `the cell is damaged: ${state.damage}`, {
        file: state.file,
        hint: 'Run the study again: it renames the file and computes the cell again',
      });
    }
    // The plan's labels replace those in the record: the cell may have had other names when it was computed.
    yield { cell, record: state.kind === 'missing' ? null : Object.assign(state.record, cell.labels) };
  }
}
