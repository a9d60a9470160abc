import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CellLabels, CellRecord } from '../plan/index.js';
import { cellPath, keepCell, openFolder } from './folder.js';
import { keepStudyFile } from './study-file.js';
import { type StudyNews, watchStudy } from './watch.js';

const LABELS: CellLabels = {
  ...{ model: 'tiny', executor: 'cpu', precision: 'f32', source: 'prompts', arm: 'off', seed: 1, index: 0 },
};
const address = (digit: string): string => digit.repeat(64);
const planned = (digit: string) => ({
  ...({ address: address(digit), kind: 'dialogue', measure: null, labels: LABELS } as const),
});
const done = { kind: 'ranking', ...LABELS, scenario: 's', system: null, heads: [] } as CellRecord;
const failure: CellRecord = { kind: 'failure', ...LABELS, error: 'no memory' };
const FILE = {
  ...{
    format: 'holdfast-study-3',
    name: 'mine',
    versions: {},
    now: null,
    models: [],
    text: '',
    analysis: null,
  },
  origin: { file: 'mine.yaml', models: {}, shard: null, calibrates: false },
};

describe('a watched study', () => {
  it('tells its plan, its cells, and what changes: new cells, failures that are retried, damage, another plan', async () => {
    const path = mkdtempSync(join(tmpdir(), 'holdfast-watch-'));
    const folder = await openFolder(path);
    await keepStudyFile(folder, FILE, ['a', 'b', 'c'].map(planned));
    await keepCell(folder, address('a'), failure);
    const stop = new AbortController();
    const news = watchStudy(path, { everyMs: 5, signal: stop.signal });
    const next = async (): Promise<StudyNews> => (await news.next()).value as StudyNews;
    const cellsOf = async () => {
      const told = await next();
      return told.kind === 'cells' ? told.cells.map(({ at, state, error }) => [at, state, error]) : told.kind;
    };
    expect(await next()).toMatchObject({ kind: 'study', file: { name: 'mine' } });
    expect(await cellsOf()).toEqual([[0, 'failed', 'no memory']]);
    expect(await next()).toEqual({ kind: 'read' });

    await keepCell(folder, address('a'), done);
    expect(await cellsOf()).toEqual([[0, 'done', null]]);
    await keepCell(folder, address('b'), done);
    expect(await cellsOf()).toEqual([[1, 'done', null]]);
    await keepCell(folder, address('c'), done);
    expect(await cellsOf()).toEqual([[2, 'done', null]]);
    writeFileSync(cellPath(path, address('c')), '{"address":');
    expect(await cellsOf()).toEqual([[2, 'damaged', 'not a cell file, or truncated']]);

    await keepStudyFile(folder, FILE, ['b', 'd'].map(planned));
    expect(await next()).toMatchObject({
      kind: 'study',
      plan: [{ address: address('b') }, { address: address('d') }],
    });
    expect(await cellsOf()).toEqual([[0, 'done', null]]);
    expect(await next()).toEqual({ kind: 'read' });
    const end = news.next();
    stop.abort();
    expect(await end).toEqual({ value: undefined, done: true });
    await folder.close();
  });

  it('ends with an error for a folder that is not a study', async () => {
    const news = watchStudy(tmpdir(), { everyMs: 5, signal: new AbortController().signal });
    await expect(news.next()).rejects.toThrow(/E_NOT_FOUND: not the folder of a study/);
  });
});
