import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { plannedCell, writeCell, writePlan, writeStudy } from '../../test/support/study-folder.js';
import { readStudyColumns, readStudyResult } from './read-study.js';
import { reportFiles } from './report.js';

describe("a study's folder", () => {
  const study = simulateStudy({ dialogues: 3, rounds: 2 });
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-report-'));
    await writeStudy(folder, study);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read as it was written', async () => {
    const read = await readStudyResult(folder);
    expect(read.records).toEqual(study.records);
    expect(read.timings).toEqual(study.timings);
    expect(read.spec.arms).toEqual(study.spec.arms);
    expect(read).toMatchObject({ models: study.models, versions: study.versions, file: study.file });
  });

  it('gives the same report in columns, with the texts of the dialogues that it shows', async () => {
    const [records, columns] = [await readStudyResult(folder), await readStudyColumns(folder)];
    const options = { resamples: 50, dialogues: 2 };
    expect(await reportFiles(columns, options)).toEqual(await reportFiles(records, options));
    expect('records' in columns).toBe(false);
  });

  it('of an older version may call a policy by its former name', async () => {
    const path = join(folder, 'study.json');
    const text = await readFile(path, 'utf8');
    const older = text.replace('"policy":"split-softmax"', '"policy":"hold"');
    expect(older).not.toBe(text);
    await writeFile(path, older);
    const policies = (await readStudyResult(folder)).spec.arms.map(({ policy }) => policy);
    expect(policies).toContain('sustain');
    expect(policies).not.toContain('hold');
  });

  it('says what computed its cells', async () => {
    const [first, second] = study.records.map(plannedCell);
    const lines = [first, second].map((cell, at) =>
      JSON.stringify({
        address: cell!.address,
        totalMs: 1,
        executorMs: 1,
        decodedTokens: 1,
        ...(at === 0 ? { device: 'zen4' } : {}),
      }),
    );
    await writeFile(join(folder, 'timings.jsonl'), lines.join('\n'));
    expect((await readStudyResult(folder)).devices).toEqual({ zen4: 1 });
  });

  it('may lack timings or have truncated ones', async () => {
    await writeFile(join(folder, 'timings.jsonl'), '{"address":"0","tot');
    expect((await readStudyResult(folder)).timings).toEqual([]);
    await rm(join(folder, 'timings.jsonl'));
    expect((await readStudyResult(folder)).timings).toEqual([]);
  });

  it('is read by its plan: cells that a changed specification does not ask for are left out', async () => {
    const [first, second, ...others] = study.records.map(plannedCell);
    const renamed = { ...first!, labels: { ...first!.labels, arm: 'by another name' } };
    const added = { ...second!, address: 'ab'.repeat(32), labels: { ...second!.labels, index: 99 } };
    await writePlan(folder, [renamed, added, ...others]);
    await writeFile(join(folder, 'results.jsonl'), 'of an earlier plan\n');
    const { records, gaps } = await readStudyResult(folder);
    expect(records[0]).toEqual({ ...study.records[0], arm: 'by another name' });
    expect(records.slice(1)).toEqual(study.records.slice(2));
    expect(gaps).toEqual([{ ...added.labels, kind: 'dialogue', measure: null, error: null }]);
  });

  it('of an older version has no chance, and probes that were asked once', async () => {
    const older = study.records.filter(({ kind }) => kind !== 'chance');
    await writePlan(folder, older.map(plannedCell));
    for (const record of older) {
      const written = JSON.stringify(record, (key, value) => (key === 'repeat' ? undefined : value));
      await writeCell(folder, plannedCell(record).address, JSON.parse(written));
    }
    const read = await readStudyResult(folder);
    expect(read.records).toEqual(older);
    expect(read.gaps).toEqual([]);
  });

  it('separates failed cells from missing ones', async () => {
    const { address, labels } = plannedCell(study.records[0]!);
    await writeCell(folder, address, { ...labels, kind: 'failure', error: 'E_LENGTH: too long' });
    const { gaps } = await readStudyResult(folder);
    expect(gaps).toEqual([{ ...labels, kind: 'dialogue', measure: null, error: 'E_LENGTH: too long' }]);
  });

  it('is refused if it is not a study, or if no cell has been computed', async () => {
    await rm(join(folder, 'cells'), { recursive: true });
    await expect(readStudyResult(folder)).rejects.toThrow(
      /E_NOT_FOUND: none of the \d+ planned cells has been computed/,
    );
    await rm(join(folder, 'study.json'));
    await expect(readStudyResult(folder)).rejects.toThrow(/E_NOT_FOUND: not the folder of a study/);
  });

  it('is refused with the file and field of an invalid record', async () => {
    const record = study.records[0]!;
    const { address } = plannedCell(record);
    if (record.kind !== 'dialogue') throw new Error('the first record is a dialogue');
    const rounds = record.rounds.map((round) => ({ ...round, fluency: 7 }));
    await writeCell(folder, address, { ...record, rounds });
    await expect(readStudyResult(folder)).rejects.toThrow(
      new RegExp(
        `E_UNREADABLE: .*the record is invalid: rounds: 0: fluency: expected a number from 0 to 1, not 7.*${address}`,
      ),
    );
  });
});
