import { basename, resolve } from 'node:path';
import type { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { type CellRecord, readResults, readStudy, readTimings, studyPath } from '../study/index.js';
import { KeptCell, StudyFile } from './record-schema.js';
import type { Gap, KeptRecord, LabelledTiming, StudyResult } from './study-result.js';

/**
 * Reads the results of a study from its folder. Reads the cells of the current plan, not tables written for an earlier
 * plan: if the specification changed, only the cells that it now asks for are read, under their current names.
 * @throws HoldfastError `E_NOT_FOUND` if the folder is not a study's or no cell of its plan has been computed;
 * `E_UNREADABLE`, naming file and field, if a record is invalid
 */
export async function readStudyResult(folder: string): Promise<StudyResult> {
  const { file, plan } = await readStudy(folder);
  const {
    spec,
    models,
    versions,
    now,
    text,
    origin,
    analysis: locked,
  } = checked(StudyFile, file, studyPath(folder));
  const planned = new Map(plan.map((cell) => [cell.address, cell]));
  const timed = await readTimings(folder);
  const found = new Set<string>();
  const records: KeptRecord[] = [];
  const timings: LabelledTiming[] = [];
  const gaps: Gap[] = [];
  for await (const { address, record } of readResults(folder, plan, file.models)) {
    found.add(address);
    const { model, executor, precision, source, arm, seed, index } = record;
    const labels = { model, executor, precision, source, arm, seed, index };
    const { kind, measure } = planned.get(address)!;
    const cell = checkedCell(record, folder, address);
    if (cell.kind === 'failure') gaps.push({ ...labels, kind, measure, error: cell.error });
    else records.push(cell);
    const timing = timed.get(address);
    if (cell.kind !== 'dialogue' || timing === undefined) continue;
    const { totalMs, executorMs, decodedTokens } = timing;
    timings.push({ ...labels, totalMs, executorMs, decodedTokens });
  }
  if (found.size === 0) {
    throw new HoldfastError('E_NOT_FOUND', `none of the ${plan.length} planned cells has been computed`, {
      file: folder,
      hint: `Run the study first: holdfast study run ${origin.file} --out ${folder}`,
    });
  }
  for (const { address, kind, measure, labels } of plan) {
    if (!found.has(address)) gaps.push({ ...labels, kind, measure, error: null });
  }
  const name = basename(resolve(folder));
  return {
    spec,
    models,
    versions,
    now,
    locked,
    records,
    gaps,
    timings,
    text,
    file: `${origin.file}${origin.calibrates ? ' --calibrate' : ''}`,
    reportOptions: [],
    folder: name,
  };
}

/**
 * Checks a record of a cell.
 * @throws HoldfastError `E_UNREADABLE`, naming file and field
 */
export const checkedCell = (record: unknown, folder: string, address: string): CellRecord =>
  checked(KeptCell, record, folder, `cell ${address}`);

function checked<T>(schema: z.ZodType<T>, value: unknown, file: string, cell?: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new HoldfastError('E_UNREADABLE', `not in the format that study run writes: ${message}`, {
    file,
    field: [cell, path.join('.')].filter((part) => part).join(', '),
    hint: 'Delete it and run the study again: the run recomputes it and keeps all other results',
    cause: parsed.error,
  });
}
