import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import type { PlannedCell, Shard, Study } from '../plan/index.js';
import { replaceFile } from './durable.js';
import { readIfThere, type StudyFolder } from './folder.js';

/** How a study was started, as far as one has to know it to go on. */
export interface StudyOrigin {
  /** The specification, as it was named. */
  readonly file: string;
  /** Paths of models that were given beside it. */
  readonly models: Readonly<Record<string, string>>;
  readonly shard: Shard | null;
}

const StudyFile = z.looseObject({
  format: z.literal('holdfast-study-1'),
  name: z.string(),
  origin: z.object({
    file: z.string(),
    models: z.record(z.string(), z.string()),
    shard: z.object({ index: z.int().min(1), count: z.int().min(1) }).nullable(),
  }),
  versions: z.record(z.string(), z.string()),
  models: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      hash: z.string(),
      layers: z.int().min(1),
      heads: z.int().min(1),
    }),
  ),
  text: z.string(),
});

/** `study.json`. What the specification came to stands there for people; who needs it reads `text`. */
export type StudyFile = z.infer<typeof StudyFile>;

const Planned = z.object({
  address: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.enum(['dialogue', 'cost', 'ranking']),
  measure: z.enum(['kl', 'perplexity', 'choice']).nullable(),
  labels: z.object({
    model: z.string(),
    executor: z.string(),
    precision: z.string(),
    source: z.string(),
    arm: z.string(),
    seed: z.number(),
    index: z.number(),
  }),
});

/** A study as its folder tells it, without its models and material. */
export interface KeptStudy {
  readonly file: StudyFile;
  readonly plan: readonly PlannedCell[];
}

const studyPath = (folder: string): string => join(folder, 'study.json');
const planPath = (folder: string): string => join(folder, 'plan.jsonl');

/** @throws HoldfastError `E_UNWRITABLE` */
export async function keepStudy(
  folder: StudyFolder,
  { spec, text, versions, models }: Study,
  origin: StudyOrigin,
  plan: readonly PlannedCell[],
): Promise<void> {
  const { name } = spec;
  await keepStudyFile(
    folder,
    { format: 'holdfast-study-1', name, origin, versions, models, text, spec },
    plan,
  );
}

export async function keepStudyFile(
  folder: StudyFolder,
  file: object,
  plan: readonly PlannedCell[],
): Promise<void> {
  const write = (path: string, text: string): Promise<void> =>
    replaceFile(path, folder.writer, (temporary) => writeFile(temporary, text));
  await write(
    planPath(folder.path),
    plan
      .map(({ address, kind, measure, labels }) => `${JSON.stringify({ address, kind, measure, labels })}\n`)
      .join(''),
  );
  await write(studyPath(folder.path), `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * Refuses a folder of another study or of something else, before anything is done in it.
 * @returns whether the study is there already
 * @throws HoldfastError `E_USAGE`, `E_UNREADABLE`
 */
export async function checkFolder(folder: string, name: string): Promise<boolean> {
  const path = studyPath(folder);
  const text = await readIfThere(path);
  if (text === null) {
    if (!(await hasOtherFiles(folder))) return false;
    throw new HoldfastError('E_USAGE', 'the folder holds files that no study wrote', {
      file: folder,
      hint: 'Give an --out that is empty or not there yet',
    });
  }
  const kept = parseStudy(text, path);
  if (kept.name === name) return true;
  throw new HoldfastError('E_USAGE', `the folder is that of the study "${kept.name}", not of "${name}"`, {
    file: folder,
    hint: 'A changed study of the same name goes on in its folder; give another --out to this one',
  });
}

/** Whether there is something beside what a run leaves that was killed before it wrote `study.json`. */
async function hasOtherFiles(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.some(
    (name) => name !== 'cells' && !name.startsWith('plan.jsonl') && !name.startsWith('study.json'),
  );
}

/** @throws HoldfastError `E_NOT_FOUND` when it is not the folder of a study, `E_UNREADABLE` */
export async function readStudy(folder: string): Promise<KeptStudy> {
  const [text, plan] = await Promise.all([readIfThere(studyPath(folder)), readIfThere(planPath(folder))]);
  if (text === null || plan === null) {
    throw new HoldfastError('E_NOT_FOUND', 'it is not the folder of a study: study.json is missing', {
      file: folder,
      hint: 'Name what study run had as --out',
    });
  }
  return { file: parseStudy(text, studyPath(folder)), plan: parsePlan(plan, planPath(folder)) };
}

const parseStudy = (text: string, path: string): StudyFile => parse(StudyFile, text, path);

function parsePlan(text: string, path: string): PlannedCell[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, index) => parse(Planned, line, path, `line ${index + 1}`));
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string, field?: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new HoldfastError('E_UNREADABLE', `it was not written by study run: ${why}`, {
      file,
      ...(field === undefined ? {} : { field }),
      hint: 'Delete it and run the study again: that writes it anew and keeps every cell',
      cause,
    });
  }
}
