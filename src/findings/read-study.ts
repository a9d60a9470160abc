import { basename, resolve } from 'node:path';
import type { z } from 'zod';
import { HoldfastError } from '../errors.js';
import {
  type CellTiming,
  type DialogueRecord,
  type ProbeRecord,
  plannedCells,
  readCell,
  readRecords,
  readStudyFile,
  readTimings,
  studyPath,
} from '../study/index.js';
import { collectStudy, type StudyColumns } from './study-columns.js';
import type { Gap, KeptRecord, LabelledTiming, StudyFacts, StudyResult } from './study-result.js';
import { StudyFile } from './study-schema.js';

/**
 * Reads the results of a study from its folder. Reads the cells of the current plan, not tables written for an earlier
 * plan: if the specification changed, only the cells that it now asks for are read, under their current names.
 * @throws HoldfastError `E_NOT_FOUND` if the folder is not a study's or no cell of its plan has been computed;
 * `E_UNREADABLE`, naming the file, if a record is invalid
 */
export async function readStudyResult(folder: string): Promise<StudyResult> {
  const records: KeptRecord[] = [];
  const timings: LabelledTiming[] = [];
  const study = await readKept(folder);
  const found = await study.readEach((record, _address, timing) => {
    records.push(withDefaults(record));
    if (record.kind !== 'dialogue' || timing === undefined) return;
    const { model, executor, precision, source, arm, seed, index } = record;
    const { totalMs, executorMs, decodedTokens } = timing;
    const labels = { model, executor, precision, source, arm, seed, index };
    timings.push({ ...labels, totalMs, executorMs, decodedTokens });
  });
  return { ...study.facts, ...found, records, timings };
}

/** Bytes of an address. */
const ADDRESS_BYTES = 32;

/**
 * Reads the results of a study in columns, which take a tenth of the memory of {@link readStudyResult}.
 * @throws HoldfastError as {@link readStudyResult}
 */
export async function readStudyColumns(folder: string): Promise<StudyColumns> {
  const study = await readKept(folder);
  const collector = collectStudy(study.facts.spec.arms[0]!.name);
  let addresses = Buffer.alloc(2 ** 16);
  let count = 0;
  const found = await study.readEach((record, address, timing) => {
    if ((count + 1) * ADDRESS_BYTES > addresses.length) {
      addresses = Buffer.concat([addresses, Buffer.alloc(addresses.length)]);
    }
    addresses.write(address, count * ADDRESS_BYTES, 'hex');
    collector.add(record, count++, timing);
  });
  const recordOf: StudyColumns['recordOf'] = async ({ at }) => {
    const address = addresses.toString('hex', at * ADDRESS_BYTES, (at + 1) * ADDRESS_BYTES);
    const state = await readCell(folder, address);
    if (state.kind === 'kept') return withDefaults(state.record as DialogueRecord);
    throw new HoldfastError('E_UNREADABLE', `cell ${address} has changed since it was read`, {
      file: folder,
    });
  };
  return { ...study.facts, ...found, ...collector.finish(), recordOf };
}

/** Called with each record of a study, its address, and how long it took. */
type OnRecord = (record: KeptRecord, address: string, timing: CellTiming | undefined) => void;

/** A study in a folder. */
interface KeptResult {
  readonly facts: Omit<StudyFacts, 'gaps' | 'devices'>;
  /** Reads the records in the order of the plan. Returns the cells that have none, and what computed the others. */
  readEach(onRecord: OnRecord): Promise<Pick<StudyFacts, 'gaps' | 'devices'>>;
}

async function readKept(folder: string): Promise<KeptResult> {
  const file = await readStudyFile(folder);
  const kept = checked(StudyFile, file, studyPath(folder));
  const { spec, models, versions, now, text, origin, analysis: locked } = kept;
  const facts = {
    ...{ spec, models, versions, now, locked, text },
    file: `${origin.file}${origin.calibrates ? ' --calibrate' : ''}`,
    reportOptions: [],
    folder: basename(resolve(folder)),
  };
  const readEach = async (onRecord: OnRecord): Promise<Pick<StudyFacts, 'gaps' | 'devices'>> => {
    const timings = await readTimings(folder);
    const devices: Record<string, number> = {};
    const failed: Gap[] = [];
    const missing: Gap[] = [];
    let planned = 0;
    for await (const { cell, record } of readRecords(folder, plannedCells(folder))) {
      const { address, kind, measure, labels } = cell;
      planned++;
      if (record === null) missing.push({ ...labels, kind, measure, error: null });
      else if (record.kind === 'failure') failed.push({ ...labels, kind, measure, error: record.error });
      else {
        const timing = timings.get(address);
        if (timing?.device !== undefined) devices[timing.device] = (devices[timing.device] ?? 0) + 1;
        onRecord(record, address, timing);
      }
    }
    if (missing.length < planned) return { gaps: [...failed, ...missing], devices };
    throw new HoldfastError('E_NOT_FOUND', `none of the ${planned} planned cells has been computed`, {
      file: folder,
      hint: `Run the study first: holdfast study run ${origin.file} --out ${folder}`,
    });
  };
  return { facts, readEach };
}

/** Returns a record with what records of older versions lack. */
function withDefaults<Kept extends KeptRecord>(record: Kept): Kept {
  if (record.kind === 'dialogue') {
    const rounds = record.rounds.map((round) => ({
      ...round,
      systemTokens: round.systemTokens ?? null,
      notice: round.notice ?? null,
      probes: round.probes.map(probeOf),
    }));
    return { ...record, rounds };
  }
  if (record.kind === 'chance') {
    return {
      ...record,
      answers: record.answers.map((answer) => ({ ...probeOf(answer), under: answer.under })),
    };
  }
  return record.kind === 'ranking' ? { ...record, system: record.system ?? null } : record;
}

const probeOf = ({ label, question, rule, repeat, answer, score }: ProbeRecord): ProbeRecord => ({
  ...{ label, question, rule: rule ?? null, repeat: repeat ?? 1, answer, score },
});

function checked<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new HoldfastError('E_UNREADABLE', `not in the format that study run writes: ${message}`, {
    file,
    field: path.join('.'),
    hint: 'Delete it and run the study again: the run recomputes it and keeps all other results',
    cause: parsed.error,
  });
}
