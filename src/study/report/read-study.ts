import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import { ResultLine, StudyFile, TimingLine } from './record-schema.js';
import type { LabelledTiming, StudyResult } from './study-result.js';

/**
 * Reads what a study left in its folder: `study.json`, `results.jsonl` and, where it is there, `timings.jsonl`.
 * @throws HoldfastError `E_NOT_FOUND` when it is not the folder of a study, `E_UNREADABLE` naming file and line of what
 * is wrong in it
 */
export async function readStudyResult(folder: string): Promise<StudyResult> {
  const studyPath = join(folder, 'study.json');
  const resultsPath = join(folder, 'results.jsonl');
  const [study, results, timings] = await Promise.all([
    readIfThere(studyPath),
    readIfThere(resultsPath),
    readIfThere(join(folder, 'timings.jsonl')),
  ]);
  if (study === null) throw notThere(folder, 'study.json', 'Name the folder that study run wrote to');
  if (results === null) {
    throw notThere(folder, 'results.jsonl', 'It is written when a study ends, and by holdfast study status');
  }
  const { spec, models, versions, text, origin } = parse(StudyFile, study, studyPath);
  const lines = linesOf(results).map((line, at) => parse(ResultLine, line, resultsPath, `line ${at + 1}`));
  return {
    spec,
    models,
    versions,
    records: lines.map(({ address: _, ...record }) => record),
    timings: timings === null ? [] : timingsOf(timings, lines),
    text,
    file: origin.file,
    folder: basename(resolve(folder)),
  };
}

/** Times of the dialogues, the latest of each. They are an aid and no result: a line that was torn is left out. */
function timingsOf(text: string, lines: readonly z.infer<typeof ResultLine>[]): LabelledTiming[] {
  const byAddress = new Map<string, z.infer<typeof TimingLine>>();
  for (const line of linesOf(text)) {
    const timing = TimingLine.safeParse(jsonOrNull(line));
    if (timing.success) byAddress.set(timing.data.address, timing.data);
  }
  return lines.flatMap(({ address, kind, model, executor, precision, source, arm, seed, index }) => {
    const timing = byAddress.get(address);
    if (timing === undefined || kind !== 'dialogue') return [];
    const { totalMs, executorMs, decodedTokens } = timing;
    return [{ model, executor, precision, source, arm, seed, index, totalMs, executorMs, decodedTokens }];
  });
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNREADABLE', `it cannot be read: ${why}`, { file: path, cause });
  }
}

function notThere(folder: string, name: string, hint: string): HoldfastError {
  return new HoldfastError('E_NOT_FOUND', `the folder has no ${name}`, { file: folder, hint });
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string, line?: string): T {
  const problem = (why: string, field: string | undefined, cause: unknown): HoldfastError =>
    new HoldfastError('E_UNREADABLE', `it is not what study run writes: ${why}`, {
      file,
      ...(field === undefined ? {} : { field }),
      hint: 'Run the study again: it keeps what was computed and writes this file anew',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw problem(cause instanceof Error ? cause.message : String(cause), line, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw problem(message, [line, path.join('.')].filter((part) => part).join(', '), parsed.error);
}
