import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { simulateStudy } from '../../../test/support/simulated-study.js';
import { writeStudy } from '../../../test/support/study-folder.js';
import { readStudyResult } from './read-study.js';

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

  it('may be without timings, and with torn ones', async () => {
    await writeFile(join(folder, 'timings.jsonl'), '{"address":"0","tot');
    expect((await readStudyResult(folder)).timings).toEqual([]);
    await rm(join(folder, 'timings.jsonl'));
    expect((await readStudyResult(folder)).timings).toEqual([]);
  });

  it('is refused when it is none, or has no results yet', async () => {
    await rm(join(folder, 'results.jsonl'));
    await expect(readStudyResult(folder)).rejects.toThrow(/E_NOT_FOUND: the folder has no results\.jsonl/);
    await rm(join(folder, 'study.json'));
    await expect(readStudyResult(folder)).rejects.toThrow(/E_NOT_FOUND: the folder has no study\.json/);
  });

  it('is refused with file, line and field of what is wrong', async () => {
    const lines = study.records.map((record) => JSON.stringify({ address: 'a', ...record }));
    const results = join(folder, 'results.jsonl');
    await writeFile(results, `${lines[0]}\n${lines[1]!.slice(0, 50)}\n`);
    await expect(readStudyResult(folder)).rejects.toThrow(/E_UNREADABLE: .*results\.jsonl, field line 2\)/);
    await writeFile(results, `${lines[0]!.replace(/"score":[01]/, '"score":7')}\n`);
    await expect(readStudyResult(folder)).rejects.toThrow(/field line 1, rounds\.0\.probes\.0\.score\)/);
  });
});
