import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import { namesIn, readIfThere } from '../../files/index.js';
import { sharedTexts } from '../../shared-texts.js';
import { type Moment, MomentText } from '../../text/index.js';
import { decodeUtf8 } from '../../utf8.js';
import { type PlannedCell, planHash, type Shard, type Study } from '../plan/index.js';
import { hasFields, isAddress, isNumber, isOneOf, orMissing, orNull } from './checks.js';
import { replaceFile } from './durable.js';
import { parseJson, type StudyFolder } from './folder.js';
import { linesOf } from './packs.js';
import { hasLabels, isMeasure } from './record-schema.js';

/** How a study was started: what is needed to resume it. */
export interface StudyOrigin {
  /** The specification as it was named on the command line. */
  readonly file: string;
  /** Paths of models that were given with `--model`. */
  readonly models: Readonly<Record<string, string>>;
  readonly shard: Shard | null;
  /** Whether the arms run on the calibration dialogues (`--calibrate`). */
  readonly calibrates: boolean;
}

const FORMAT = 'holdfast-study-3';
/** Formats of earlier versions, and what their cells mean. */
const EARLIER: Readonly<Record<string, { readonly meaning: string; readonly hint: string }>> = {
  'holdfast-study-1': {
    meaning:
      'whose shares and default target were those of the prefix; now they are those of the system message',
    hint: 'with another --out, and with "target: prefix" on arms that should keep their target',
  },
  'holdfast-study-2': {
    meaning:
      'whose schedules target:SHARE took the mean over all heads, also those that no longer see the target; now every ' +
      'mean is over the heads that see furthest',
    hint: 'with another --out',
  },
};

const StudyFile = z.looseObject({
  format: z.literal(FORMAT),
  name: z.string(),
  origin: z.object({
    file: z.string(),
    models: z.record(z.string(), z.string()),
    shard: z.object({ index: z.int().min(1), count: z.int().min(1) }).nullable(),
    calibrates: z.boolean().default(false),
  }),
  versions: z.record(z.string(), z.string()),
  /** The date and time that the prompts contain if a template writes them. Null in older folders. */
  now: MomentText.nullable().default(null),
  models: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      hash: z.string(),
      layers: z.int().min(1),
      heads: z.int().min(1),
      /** Whether its chat template can write the date or time; older folders do not say. */
      mayWriteTime: z.boolean().default(false),
    }),
  ),
  text: z.string(),
  /** The analysis plan as it was before the first cell; null if there were cells already, as in older folders. */
  analysis: z.object({ sha256: z.string(), plan: z.unknown() }).nullable().default(null),
});

/** The content of `study.json`. It also contains the parsed specification, for people; programs parse `text`. */
export type StudyFile = z.infer<typeof StudyFile>;

const isPlanned = hasFields({
  address: isAddress,
  kind: isOneOf('dialogue', 'cost', 'influence', 'ranking', 'chance'),
  measure: orNull(isMeasure),
  labels: hasLabels,
  /** Absent in older folders. */
  work: orMissing(isNumber),
});

/** A study as read from its folder, without its models and material. */
export interface KeptStudy {
  readonly file: StudyFile;
  readonly plan: readonly PlannedCell[];
}

/** Returns the path of the file that makes a folder that of a study. */
export const studyPath = (folder: string): string => join(folder, 'study.json');
const planPath = (folder: string): string => join(folder, 'plan.jsonl');

/** What the first run of a study decides for all later ones. */
export interface FirstRun {
  readonly now: Moment;
  /** The locked analysis plan; null if the folder had cells before one was locked. */
  readonly analysis: StudyFile['analysis'];
}

/** Writes `study.json` and `plan.jsonl` of a study. @throws HoldfastError `E_UNWRITABLE` */
export async function keepStudy(
  folder: StudyFolder,
  { spec, text, versions, models }: Study,
  origin: StudyOrigin,
  { now, analysis }: FirstRun,
  plan: Iterable<PlannedCell>,
): Promise<void> {
  const { name } = spec;
  const kept = models.map(({ size: _, ...model }) => model);
  const file = { format: FORMAT, name, origin, versions, now, models: kept, text, analysis, spec };
  await keepStudyFile(folder, file, plan);
}

/** Writes `study.json` with the given content, and `plan.jsonl`. @throws HoldfastError `E_UNWRITABLE` */
export async function keepStudyFile(
  folder: StudyFolder,
  file: object,
  plan: Iterable<PlannedCell>,
): Promise<void> {
  await replaceFile(planPath(folder.path), folder.writer, (temporary) =>
    writeFile(temporary, planLines(plan)),
  );
  await replaceFile(studyPath(folder.path), folder.writer, (temporary) =>
    writeFile(temporary, `${JSON.stringify(file, null, 2)}\n`),
  );
}

/** Characters of the plan that are written at once, about. */
const PLAN_PIECE = 2 ** 20;

/** Yields the text of a plan in pieces: that of two million cells is longer than a string can be. */
function* planLines(plan: Iterable<PlannedCell>): Generator<string> {
  let piece = '';
  for (const { address, kind, measure, labels, work } of plan) {
    piece += `${JSON.stringify({ address, kind, measure, labels, work })}\n`;
    if (piece.length < PLAN_PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/**
 * Checks that a folder belongs to the named study or is free for it, before anything is written to it.
 * @returns the study that the folder already has; null if it is free
 * @throws HoldfastError `E_USAGE` when it belongs to another study or has other files; `E_UNREADABLE`
 */
export async function checkFolder(folder: string, name: string): Promise<StudyFile | null> {
  const path = studyPath(folder);
  const text = await readIfThere(path);
  if (text === null) {
    if (!(await hasOtherFiles(folder))) return null;
    throw new HoldfastError('E_USAGE', 'the folder contains files that do not belong to a study', {
      file: folder,
      hint: 'Choose an --out that is empty or does not exist',
    });
  }
  const kept = parseStudy(text, path);
  if (kept.name === name) return kept;
  throw new HoldfastError('E_USAGE', `the folder belongs to the study "${kept.name}", not to "${name}"`, {
    file: folder,
    hint: 'Choose another --out; only a changed study of the same name can use this folder',
  });
}

/** Returns whether the folder has other files than those of a run that was killed before it wrote `study.json`. */
async function hasOtherFiles(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  return names.some(
    (name) => name !== 'cells' && !name.startsWith('plan.jsonl') && !name.startsWith('study.json'),
  );
}

/**
 * Reads `study.json` and `plan.jsonl` of a folder.
 * @throws HoldfastError `E_NOT_FOUND` when it is not the folder of a study; `E_UNREADABLE`
 */
export async function readStudy(folder: string): Promise<KeptStudy> {
  return { file: await readStudyFile(folder), plan: [...plannedCells(folder)] };
}

/** Returns the SHA-256 of a folder's `plan.jsonl`, in hex. */
export async function planDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(planPath(folder))) hash.update(piece);
  return hash.digest('hex');
}

/** Reads `study.json` of a folder. @throws HoldfastError as {@link readStudy} */
export async function readStudyFile(folder: string): Promise<StudyFile> {
  const text = await readIfThere(studyPath(folder));
  if (text === null || !existsSync(planPath(folder))) {
    throw new HoldfastError('E_NOT_FOUND', 'not the folder of a study: study.json or plan.jsonl is missing', {
      file: folder,
      hint: 'Name the folder that study run wrote to (--out)',
    });
  }
  return parseStudy(text, studyPath(folder));
}

function parseStudy(text: string, path: string): StudyFile {
  const { data } = z.looseObject({ format: z.string() }).safeParse(parseJson(text));
  const earlier = EARLIER[data?.format ?? ''];
  if (earlier !== undefined) {
    throw new HoldfastError('E_UNREADABLE', `the study was run by an earlier Holdfast, ${earlier.meaning}`, {
      file: path,
      hint: `Run it again ${earlier.hint}; or read it with the release that ran it`,
    });
  }
  const file = parse(StudyFile, text, path);
  if (file.analysis === null || planHash(file.analysis.plan) === file.analysis.sha256) return file;
  throw new HoldfastError('E_UNREADABLE', 'the analysis plan was changed after it was locked', {
    file: path,
    field: 'analysis.sha256',
    hint: 'Restore the file; to analyse the results in another way, give the options of study report',
  });
}

/** Yields the cells of a folder's plan, without keeping them. @throws HoldfastError `E_UNREADABLE` */
export function* plannedCells(folder: string): Generator<PlannedCell> {
  const path = planPath(folder);
  const name = sharedTexts();
  let number = 0;
  for (const { line, offset } of linesOf(path)) {
    const text = decodeUtf8(line, path, offset);
    const { labels, address, kind, measure, work } = readPlanned(text, path, ++number);
    const { model, executor, precision, source, arm, seed, index } = labels;
    yield {
      ...{ address, kind, measure, work },
      labels: {
        model: name(model),
        executor: name(executor),
        precision: name(precision),
        source: name(source),
        arm: name(arm),
        seed,
        index,
      },
    };
  }
}

function readPlanned(text: string, file: string, line: number): PlannedCell {
  const field = `line ${line}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw notWritten(String(cause), { file, field, cause });
  }
  const wrong = isPlanned(json);
  if (wrong !== null) throw notWritten(wrong, { file, field });
  return json as PlannedCell;
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw notWritten(cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause), { file, cause });
  }
}

const notWritten = (reason: string, at: { file: string; field?: string; cause?: unknown }): HoldfastError =>
  new HoldfastError('E_UNREADABLE', `not written by study run: ${reason}`, {
    ...at,
    hint: 'Delete the file and run the study again: it writes a new one and keeps all cells',
  });
