import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '../../errors.js';
import type { CellLabels, CellRecord, CellTiming } from '../plan/index.js';
import { groupsOf, type PlannedCell } from '../plan/index.js';
import { exportResults } from './export.js';
import {
  decodeCell,
  findCellBytes,
  hasCells,
  keepTimings,
  openFolder,
  readTimings,
  type StudyFolder,
} from './folder.js';
import { writePack } from './pack-cells.js';
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
    const counts = await copyCells(folder, parts, first.plan);
    await exportResults(folder, first.plan, first.file.models);
    return { total: groupsOf(first.plan).flat().length, ...counts, plansDiffer };
  } finally {
    await folder.close();
  }
}

/** Checks that folders have parts of one study. @throws HoldfastError `E_USAGE` */
export function checkSame(first: KeptStudy, firstPath: string, other: KeptStudy, path: string): void {
  if (first.file.name === other.file.name && isDeepStrictEqual(cellsOf(first), cellsOf(other))) return;
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

/** Returns the planned cells without the estimates of their work, which older folders lack. */
const cellsOf = ({ plan }: KeptStudy): object[] => plan.map(({ work: _, ...cell }) => cell);

/**
 * Copies cells and their timings, all cells into one pack. If a cell failed in one part and succeeded in another, takes the
 * result.
 */
async function copyCells(
  folder: StudyFolder,
  parts: readonly string[],
  plan: readonly PlannedCell[],
): Promise<Pick<MergeSummary, 'kept' | 'failed'>> {
  const paths = [...new Set([folder.path, ...parts])];
  const timings = await Promise.all(parts.map(readTimings));
  const timed = await readTimings(folder.path);
  const copied: CellTiming[] = [];
  const counts = { kept: 0, failed: 0 };
  await writePack(folder, 'all', async (pack) => {
    for (const { address, labels } of groupsOf(plan).flat()) {
      const found = await findCell(paths, address, labels);
      if (found === null) continue;
      counts.kept++;
      if (found.record.kind === 'failure') counts.failed++;
      pack.add(address, found.bytes);
      const timing = timings.map((ofPart) => ofPart.get(address)).find((time) => time !== undefined);
      if (timing !== undefined && !timed.has(address)) copied.push(timing);
    }
  });
  if (copied.length > 0) await keepTimings(folder, copied);
  return counts;
}

interface FoundCell {
  readonly path: string;
  readonly bytes: Buffer;
  readonly record: CellRecord;
}

async function findCell(
  paths: readonly string[],
  address: string,
  labels: CellLabels,
): Promise<FoundCell | null> {
  let found: FoundCell | null = null;
  for (const path of paths) {
    const there = await findCellBytes(path, address);
    if (there === null) continue;
    const { file, bytes } = there;
    if (found?.bytes.equals(bytes)) continue;
    const decoded = decodeCell(bytes, address);
    if ('damage' in decoded) {
      throw new HoldfastError('E_UNREADABLE', `the cell is damaged: ${decoded.damage}`, {
        file,
        hint: 'Run that part again: it renames the file and computes the cell again',
      });
    }
    const record = { ...decoded.record, ...labels }; // it may have been computed under other names
    if (found === null || (found.record.kind === 'failure' && record.kind !== 'failure')) {
      found = { path, bytes, record };
    } else if (record.kind !== 'failure' && !isDeepStrictEqual(found.record, record)) {
      throw new HoldfastError('E_USAGE', `the result of cell ${address} differs from that in ${found.path}`, {
        file: path,
        hint: 'Leave out one of these parts: results are reproducible only on the same machine',
      });
    }
  }
  return found;
}
