import { cellsOfShard, type FailedCell, type PlannedCell, type Shard } from '../plan/index.js';
import { openCells } from './cell-reader.js';
import { exportResults } from './export.js';
import { type CellState, openFolder } from './folder.js';
import { readParts } from './parts.js';
import { type KeptStudy, readStudy, type StudyFile } from './study-file.js';

/** How much of a study is done. */
export interface Survey {
  /** Of the first folder. */
  readonly file: StudyFile;
  /** The shard whose cells were counted; null for all cells of the study. */
  readonly shard: Shard | null;
  /** Each folder, and the number of its cells that are done or failed. */
  readonly folders: readonly { readonly path: string; readonly shard: Shard | null; readonly kept: number }[];
  /** Numbers of cells, in the order of the plan. Cells that differ only in scenario and seed share a row. */
  readonly rows: readonly SurveyRow[];
  readonly failures: readonly FailedCell[];
  readonly damaged: readonly { readonly file: string; readonly damage: string }[];
}

/** Numbers of cells that differ only in scenario and seed. */
export interface SurveyRow {
  readonly kind: PlannedCell['kind'];
  readonly measure: PlannedCell['measure'];
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
  readonly arm: string;
  readonly done: number;
  readonly failed: number;
  readonly missing: number;
  readonly damaged: number;
}

/**
 * Counts the done, failed, missing and damaged cells of a study in its folders. In several folders a cell is done if it is
 * in any of them. If the only folder has a shard and no cell beyond it, counts the shard's cells; several shards that share a
 * folder are counted as the study.
 * @throws HoldfastError `E_NOT_FOUND` when one is not the folder of a study; `E_USAGE` when they are of different studies;
 * `E_UNREADABLE`
 */
export async function surveyStudy(paths: readonly string[]): Promise<Survey> {
  const { plan, files } = await readParts(paths);
  const [file] = files;
  const kept = paths.map(() => 0);
  const states: Counted[] = [];
  const readers = await Promise.all(paths.map(openCells));
  for (const { address } of plan) {
    let best: Counted = MISSING;
    for (const [at, reader] of readers.entries()) {
      if (!reader.has(address)) continue;
      const state = countedOf(await reader.read(address));
      if (state.kind === 'done' || state.kind === 'failed') kept[at]!++;
      if (WORTH.indexOf(state.kind) > WORTH.indexOf(best.kind)) best = state;
    }
    states.push(best);
  }
  const shard = paths.length > 1 ? null : ownShard({ file, plan }, states);
  const counted = new Set(cellsOfShard(plan, shard));
  const rows = new Map<string, { -readonly [key in keyof SurveyRow]: SurveyRow[key] }>();
  const failures: FailedCell[] = [];
  const damaged: { file: string; damage: string }[] = [];
  for (const [at, cell] of plan.entries()) {
    if (!counted.has(cell)) continue;
    const { kind, measure, labels } = cell;
    const { model, executor, precision, source, arm } = labels;
    const names = { kind, measure, model, executor, precision, source, arm };
    const key = JSON.stringify(names);
    const row = rows.get(key) ?? { ...names, done: 0, failed: 0, missing: 0, damaged: 0 };
    rows.set(key, row);
    const state = states[at]!;
    row[state.kind]++;
    if (state.kind === 'damaged') damaged.push({ file: state.file, damage: state.damage });
    if (state.kind === 'failed') failures.push({ labels, error: state.error });
  }
  const folders = paths.map((path, at) => ({
    ...{ path, kept: kept[at]! },
    shard: files[at]!.origin.shard,
  }));
  return { file, shard, folders, rows: [...rows.values()], failures, damaged };
}

/** What is counted of a cell, without its record. */
type Counted =
  | { readonly kind: 'missing' | 'done' }
  | { readonly kind: 'damaged'; readonly file: string; readonly damage: string }
  | { readonly kind: 'failed'; readonly error: string };

const MISSING: Counted = { kind: 'missing' };
const DONE: Counted = { kind: 'done' };
/** The states of a cell, the one that counts if folders differ last. */
const WORTH: readonly Counted['kind'][] = ['missing', 'damaged', 'failed', 'done'];

function countedOf(state: CellState): Counted {
  if (state.kind === 'missing') return MISSING;
  if (state.kind === 'damaged') return { kind: 'damaged', file: state.file, damage: state.damage };
  return state.record.kind === 'failure' ? { kind: 'failed', error: state.record.error } : DONE;
}

/** Returns the shard of a folder; null if it has none, or cells of other shards too. */
function ownShard({ file, plan }: KeptStudy, states: readonly Counted[]): Shard | null {
  const { shard } = file.origin;
  if (shard === null) return null;
  const own = new Set(cellsOfShard(plan, shard).map(({ address }) => address));
  return plan.some(({ address }, at) => !own.has(address) && states[at] !== MISSING) ? null : shard;
}

/**
 * Writes results and tables of the cells that are done so far.
 * @throws HoldfastError `E_NOT_FOUND`; `E_UNREADABLE` when a cell is damaged; `E_UNWRITABLE`
 */
export async function exportStudy(path: string): Promise<void> {
  const { file, plan } = await readStudy(path);
  const folder = await openFolder(path);
  try {
    await exportResults(folder, plan, file.models);
  } finally {
    await folder.close();
  }
}
