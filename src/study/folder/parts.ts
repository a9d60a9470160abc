import { isDeepStrictEqual } from 'node:util';
import { HoldfastError } from '../../errors.js';
import type { PlannedCell } from '../plan/index.js';
import { type KeptStudy, planDigest, readStudy, readStudyFile, type StudyFile } from './study-file.js';

/** A study whose parts are in several folders. */
export interface StudyParts {
  readonly plan: readonly PlannedCell[];
  /** What each folder says of the study. */
  readonly files: readonly [StudyFile, ...StudyFile[]];
}

/**
 * Reads the study that folders have parts of. Plans that have the same bytes are not read again: a study of a million cells on
 * a thousand machines would have a billion lines.
 * @throws HoldfastError `E_USAGE` when the folders belong to different studies or have different moments; `E_NOT_FOUND`,
 * `E_UNREADABLE`
 */
export async function readParts(paths: readonly string[]): Promise<StudyParts> {
  const [firstPath, ...others] = paths;
  if (firstPath === undefined) throw new HoldfastError('E_USAGE', 'no folder of a study is named');
  const first = await readStudy(firstPath);
  const digest = await planDigest(firstPath);
  const files: [StudyFile, ...StudyFile[]] = [first.file];
  for (const path of others) {
    const file = await readStudyFile(path);
    const isSame = file.name === first.file.name && (await planDigest(path)) === digest;
    if (!isSame) checkSame(first, firstPath, await readStudy(path), path);
    files.push(file);
  }
  return { plan: first.plan, files };
}

function checkSame(first: KeptStudy, firstPath: string, other: KeptStudy, path: string): void {
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
