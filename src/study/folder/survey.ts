import { cellsOfShard, type FailedCell, type PlannedCell } from '../plan/index.js';
import { exportResults } from './export.js';
import { openFolder, readCell } from './folder.js';
import { readStudy, type StudyFile } from './study-file.js';

/** How much of a study is done. */
export interface Survey {
  readonly file: StudyFile;
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
 * Counts the done, failed, missing and damaged cells of a folder's study, or of its shard.
 * @throws HoldfastError `E_NOT_FOUND` when it is not the folder of a study; `E_UNREADABLE`
 */
export async function surveyStudy(path: string): Promise<Survey> {
  const { file, plan } = await readStudy(path);
  const rows = new Map<string, { -readonly [key in keyof SurveyRow]: SurveyRow[key] }>();
  const failures: FailedCell[] = [];
  const damaged: { file: string; damage: string }[] = [];
  for (const { address, kind, measure, labels } of cellsOfShard(plan, file.origin.shard)) {
    const { model, executor, precision, source, arm } = labels;
    const names = { kind, measure, model, executor, precision, source, arm };
    const key = JSON.stringify(names);
    const row = rows.get(key) ?? { ...names, done: 0, failed: 0, missing: 0, damaged: 0 };
    rows.set(key, row);
    const state = await readCell(path, address);
    if (state.kind === 'missing') row.missing++;
    else if (state.kind === 'damaged') {
      row.damaged++;
      damaged.push({ file: state.file, damage: state.damage });
    } else if (state.record.kind === 'failure') {
      row.failed++;
      failures.push({ labels, error: state.record.error });
    } else row.done++;
  }
  return { file, rows: [...rows.values()], failures, damaged };
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
