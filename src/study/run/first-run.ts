import { isDeepStrictEqual } from 'node:util';
import {
  alone,
  checkFolder,
  type FirstRun,
  hasCells,
  keepStudy,
  openFolder,
  type StudyFile,
  type StudyFolder,
  type StudyOrigin,
} from '../folder/index.js';
import { type Cell, lockedAnalysisOf, type Shard, type Study } from '../plan/index.js';
import { studyMoment } from './study-moment.js';

/** What decides the moment of a study. */
interface FirstOptions {
  readonly now?: string | undefined;
  readonly shard: Shard | null;
}

/**
 * Records the moment and the analysis plan of a study in its folder, before its first cell. Of several processes that start
 * the same study, the first decides.
 * @param keep writes the study
 */
export function recordFirst(
  study: Study,
  folder: StudyFolder,
  options: FirstOptions,
  keep: (first: FirstRun, plan: Iterable<Cell>) => Promise<void>,
): Promise<FirstRun> {
  return alone(folder, async (): Promise<FirstRun> => {
    const recorded = await checkFolder(folder.path, study.spec.name);
    const now = studyMoment(study, recorded?.now ?? null, options);
    const hasBegun = await hasCells(folder.path);
    const planned = study.calibrates ? null : lockedAnalysisOf(study.spec);
    const analysis = hasBegun ? (recorded?.analysis ?? null) : planned;
    const isRecorded = now === recorded?.now && analysis?.sha256 === recorded.analysis?.sha256;
    if (!isRecorded) await keep({ now, analysis }, study.cellsAt(now).rankings);
    return { now, analysis };
  });
}

/** Returns how a study was started. A folder with cells of more than one shard is that of the whole study. */
export function originOf(
  { file, calibrates }: Study,
  { models, shard }: Pick<StudyOrigin, 'models' | 'shard'>,
  recorded: StudyFile | null,
): StudyOrigin {
  const isShared = recorded !== null && !isDeepStrictEqual(recorded.origin.shard, shard);
  return { file, models, shard: isShared ? null : shard, calibrates };
}

/**
 * Records a study in a folder and computes nothing, so that shards that share the folder find one moment and one analysis
 * plan.
 * @throws HoldfastError as `runStudy`
 */
export async function prepareStudy(
  study: Study,
  options: Pick<FirstOptions, 'now'> & Pick<StudyOrigin, 'models'> & { readonly folder: string },
): Promise<FirstRun> {
  const shard = null;
  const recorded = await checkFolder(options.folder, study.spec.name);
  studyMoment(study, recorded?.now ?? null, { now: options.now, shard }); // throws before anything is written
  const folder = await openFolder(options.folder);
  try {
    const origin = originOf(study, { models: options.models, shard }, recorded);
    const keep = (first: FirstRun, plan: Iterable<Cell>): Promise<void> =>
      keepStudy(folder, study, origin, first, plan);
    const first = await recordFirst(study, folder, { now: options.now, shard }, keep);
    const { rankings, expand } = study.cellsAt(first.now);
    // The other cells depend on the rankings.
    await keep(first, rankings.length > 0 ? rankings : expand([]));
    return first;
  } finally {
    await folder.close();
  }
}
