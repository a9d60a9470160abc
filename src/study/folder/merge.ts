import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '../../errors.js';
import type { CellLabels, CellRecord } from '../plan/index.js';
import { groupsOf, type PlannedCell } from '../plan/index.js';
import { exportResults } from './export.js';
import {
  hasCells,
  keepCell,
  keepTiming,
  openFolder,
  readCell,
  readTimings,
  type StudyFolder,
} from './folder.js';
import { checkFolder, type KeptStudy, keepStudyFile, readStudy } from './study-file.js';

/** The result of a merge, in numbers of cells. */
export interface MergeSummary {
  /** Cells in the study. */
  readonly total: number;
  /** Cells in the merged folder, including failed ones. */
  readonly kept: number;
  readonly failed: number;
  /** Whether the parts locked different analysis plans, so that the merged study has none. */
  readonly plansDiffer: boolean;
}

/**
 * Merges folders with parts of one study into one folder, which is as if the study had been run in it.
 * @throws HoldfastError `E_USAGE` when the folders belong to different studies, have different moments or disagree on a
 * cell; `E_NOT_FOUND`, `E_UNREADABLE`, `E_UNWRITABLE`
 */
export async function mergeStudies(parts: readonly string[], out: string): Promise<MergeSummary> {
  const studies = await Promise.all(parts.map(readStudy));
  const first = studies[0];
  if (first === undefined) throw new HoldfastError('E_USAGE', 'nothing to merge');
  for (const [at, study] of studies.entries()) checkSame(first, parts[0]!, study, parts[at]!);
  const kept = await checkFolder(out, first.file.name);
  const merged =
    kept !== null && (await hasCells(out))
      ? [kept, ...studies.map(({ file }) => file)]
      : studies.map(({ file }) => file);
  const plansDiffer = new Set(merged.map(({ analysis }) => analysis?.sha256)).size > 1;

  const folder = await openFolder(out);
  try {
    const origin = { ...first.file.origin, shard: null };
    const analysis = plansDiffer ? null : first.file.analysis;
    await keepStudyFile(folder, { ...first.file, origin, analysis }, first.plan);
    const records = await copyCells(folder, parts, first.plan);
    await exportResults(folder, first.plan, first.file.models);
    const failed = records.filter((record) => record.kind === 'failure').length;
    return { total: groupsOf(first.plan).flat().length, kept: records.length, failed, plansDiffer };
  } finally {
    await folder.close();
  }
}

function checkSame(first: KeptStudy, firstPath: string, other: KeptStudy, path: string): void {
  if (first.file.name === other.file.name && isDeepStrictEqual(first.plan, other.plan)) return;
  const dated = [first, other].every(({ file }) => file.models.some(({ mayWriteTime }) => mayWriteTime));
  const [then, now] = [first.file.now, other.file.now];
  if (dated && then !== now) {
    throw new HoldfastError(
      'E_USAGE',
      `the part has another moment than ${firstPath}: ${now} here, ${then} there`,
      {
        file: path,
        hint: 'Run all shards with one moment: "now: …" in the specification, or the same --now',
      },
    );
  }
  throw new HoldfastError('E_USAGE', `the plan differs from that of ${firstPath}`, {
    file: path,
    hint: 'Merge only shards of one study: the same specification, material and models, run with --shard',
  });
}

/** Copies cells and their timings. If a cell failed in one part and succeeded in another, takes the result. */
async function copyCells(
  folder: StudyFolder,
  parts: readonly string[],
  plan: readonly PlannedCell[],
): Promise<CellRecord[]> {
  const timings = await Promise.all(parts.map(readTimings));
  const timed = await readTimings(folder.path);
  const records: CellRecord[] = [];
  for (const { address, labels } of groupsOf(plan).flat()) {
    const found = await findCell([folder.path, ...parts], address, labels);
    if (found === null) continue;
    records.push(found.record);
    if (found.path !== folder.path) await keepCell(folder, address, found.record);
    const timing = timings.map((ofPart) => ofPart.get(address)).find((time) => time !== undefined);
    if (timing !== undefined && !timed.has(address)) await keepTiming(folder, timing);
  }
  return records;
}

interface FoundCell {
  readonly path: string;
  readonly record: CellRecord;
}

async function findCell(
  paths: readonly string[],
  address: string,
  labels: CellLabels,
): Promise<FoundCell | null> {
  let found: FoundCell | null = null;
  for (const path of paths) {
    const state = await readCell(path, address);
    if (state.kind === 'missing') continue;
    if (state.kind === 'damaged') {
      throw new HoldfastError('E_UNREADABLE', `the cell is damaged: ${state.damage}`, {
        file: state.file,
        hint: 'Run that part again: it renames the file and computes the cell again',
      });
    }
    const record = { ...state.record, ...labels }; // it may have been computed under other names
    if (found === null || (found.record.kind === 'failure' && record.kind !== 'failure')) {
      found = { path, record };
    } else if (record.kind !== 'failure' && !isDeepStrictEqual(found.record, record)) {
      throw new HoldfastError('E_USAGE', `the result of cell ${address} differs from that in ${found.path}`, {
        file: path,
        hint: 'Leave out one of these parts: results are reproducible only on the same machine',
      });
    }
  }
  return found;
}
