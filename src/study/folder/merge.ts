import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '../../errors.js';
import type { CellLabels, CellRecord, CellTiming } from '../plan/index.js';
import { groupsOf, type PlannedCell } from '../plan/index.js';
import { type CellReader, openCells } from './cell-reader.js';
import { exportResults } from './export.js';
import { decodeCell, hasCells, keepTimings, openFolder, readTimings, type StudyFolder } from './folder.js';
import { removeDoublePacks, writePack } from './pack-cells.js';
import { readParts } from './parts.js';
import { checkFolder, keepStudyFile } from './study-file.js';

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
  const { plan, files } = await readParts(parts);
  const [first] = files;
  const kept = await checkFolder(out, first.name);
  const merged = kept !== null && (await hasCells(out)) ? [kept, ...files] : files;
  const plansDiffer = new Set(merged.map(({ analysis }) => analysis?.sha256)).size > 1;

  const folder = await openFolder(out);
  try {
    const origin = { ...first.origin, shard: null };
    const analysis = plansDiffer ? null : first.analysis;
    await keepStudyFile(folder, { ...first, origin, analysis }, plan);
    const counts = await copyCells(folder, parts, plan);
    await exportResults(folder, plan, first.models);
    return { ...counts, plansDiffer };
  } finally {
    await folder.close();
  }
}

/**
 * Copies cells and their timings, all cells into one pack. If a cell failed in one part and succeeded in another, takes the
 * result.
 */
async function copyCells(
  folder: StudyFolder,
  parts: readonly string[],
  plan: readonly PlannedCell[],
): Promise<Omit<MergeSummary, 'plansDiffer'>> {
  const paths = [...new Set([folder.path, ...parts])];
  const readers = await Promise.all(paths.map(openCells));
  const timings = await Promise.all(parts.map(readTimings));
  const timed = await readTimings(folder.path);
  const copied: CellTiming[] = [];
  const counts = { total: 0, kept: 0, failed: 0 };
  await writePack(folder, 'all', async (pack) => {
    for (const { address, labels } of groupsOf(plan).flat()) {
      counts.total++;
      const found = await findCell(readers, address, labels);
      if (found === null) continue;
      counts.kept++;
      if (found.record.kind === 'failure') counts.failed++;
      pack.add(address, found.bytes);
      const timing = timings.map((ofPart) => ofPart.get(address)).find((time) => time !== undefined);
      if (timing !== undefined && !timed.has(address)) copied.push(timing);
    }
  });
  if (copied.length > 0) await keepTimings(folder, copied);
  await removeDoublePacks(folder, 'all');
  return counts;
}

interface FoundCell {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly record: CellRecord;
}

async function findCell(
  readers: readonly CellReader[],
  address: string,
  labels: CellLabels,
): Promise<FoundCell | null> {
  let found: FoundCell | null = null;
  for (const reader of readers) {
    const there = await reader.find(address);
    if (there === null) continue;
    const { file, bytes } = there;
    if (found !== null && Buffer.compare(found.bytes, bytes) === 0) continue;
    const decoded = decodeCell(bytes, address);
    if ('damage' in decoded) {
      throw new HoldfastError('E_UNREADABLE', `the cell is damaged: ${decoded.damage}`, {
        file,
        hint: 'Run that part again: it renames the file and computes the cell again',
      });
    }
    const record = { ...decoded.record, ...labels }; // it may have been computed under other names
    if (found === null || (found.record.kind === 'failure' && record.kind !== 'failure')) {
      found = { file, bytes, record };
    } else if (record.kind !== 'failure' && !isDeepStrictEqual(found.record, record)) {
      throw new HoldfastError('E_USAGE', `the result of cell ${address} differs from that in ${found.file}`, {
        file,
        hint: 'Leave out one of these parts: results are reproducible only on the same machine',
      });
    }
  }
  return found;
}
