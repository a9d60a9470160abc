import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS } from '../../test/support/simulated-study.js';
import type { BrowserData } from './browser-data.js';
import { type ReportFile, reportFiles } from './report.js';

const OPTIONS = { resamples: 200, dialogues: 4 };

describe('the report of a study', () => {
  const study = simulateStudy({ dialogues: 12, rounds: 10 });
  let files: ReportFile[];
  let page = '';
  const textOf = (path: string): string => files.find((file) => file.path === path)!.text;
  beforeAll(async () => {
    files = await reportFiles(study, OPTIONS);
    page = textOf('index.html');
  });

  it('is a page, a text, figures with their specifications, and tables', () => {
    expect(files.map(({ path }) => path).sort()).toEqual(
      [
        'index.html',
        'report.md',
        ...['stability', 'groups', 'share', 'heads', 'front'].flatMap((name) => [
          `figures/tiny-organism-${name}.svg`,
          `figures/tiny-organism-${name}.vl.json`,
        ]),
        ...[
          'stability',
          'differences',
          'answers',
          'groups',
          'costs',
          'front',
          'correlations',
          'rounds',
          'attention',
          'heads',
        ].map((name) => `tables/${name}.csv`),
      ].sort(),
    );
  });

  it('is the same bytes again', async () => {
    const again = await reportFiles(simulateStudy({ dialogues: 12, rounds: 10 }), OPTIONS);
    expect(again.filter(({ path, text }) => text !== textOf(path)).map(({ path }) => path)).toEqual([]);
  });

  it('fetches nothing, and allows its own script alone', () => {
    const outside = page.replace(/<script type="application\/json"[\s\S]*?<\/script>/, '');
    expect(outside).not.toMatch(/https?:|src=|@import|<link/);
    const scripts = [...outside.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((m) => m[1]!);
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256').update(scripts[0]!).digest('base64');
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'"`,
    );
    expect(scripts[0]).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval/);
  });

  it('has every id once, and a place for each link of its own', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(ids).toContain(link);
  });

  it('holds so many dialogues as it says, with all that their numbers are made of', () => {
    const embedded = page.match(
      /<script type="application\/json" id="dialogue-data">([\s\S]*?)<\/script>/,
    )![1]!;
    expect(embedded).not.toContain('<');
    const { slices }: BrowserData = JSON.parse(embedded);
    expect(slices[0]!.dialogues.map(({ index }) => index)).toEqual([0, 4, 7, 11]);
    expect(page).toContain('4 of the study&#39;s 12 dialogues');
    expect(page).toContain('results.jsonl, in the folder of the study');
    const [record] = study.records;
    if (record?.kind !== 'dialogue') throw new Error('the first record is a dialogue');
    const run = slices[0]!.dialogues[0]!.runs[0]!;
    expect(run.map(({ probes }) => probes)).toEqual(record.rounds.map(({ probes }) => probes));
    expect(slices[0]!.dialogues[0]!.system).toBe(record.system);
  });

  it('draws the share before a policy only where one acts, and the first arm first, which gives it one colour', () => {
    const drawn = textOf('figures/tiny-organism-share.vl.json');
    const before = [...drawn.matchAll(/"panel": "([^"]*)",\s*"series": "before its policy"/g)];
    expect([...new Set(before.map(([, panel]) => panel))]).toEqual(['split .7', 'growing']);
    expect(drawn).toMatch(/"domain": \[\s*"off",/);
  });

  it('says what was run and how it is run again', () => {
    for (const text of [
      'ab'.repeat(32),
      'holdfast study run simulated.yaml --out FOLDER',
      'holdfast 0.0.0, node 20.0.0',
      'name: simulated # by chance',
      'Does an analysis find what is known to be true?',
    ]) {
      expect(page).toContain(text);
    }
  });

  it('writes tables that hold the numbers of the page', () => {
    const [heading, first] = textOf('tables/stability.csv').split('\n');
    expect(heading).toBe(
      'model,executor,precision,source,arm,dialogues,early,early_low,early_high,late,late_low,late_high,change,change_low,change_high,slope,slope_low,slope_high',
    );
    const late = Number(first!.split(',')[9]);
    expect(page).toContain(`<td>${late.toFixed(2)} [`);
    expect(textOf('report.md')).toContain(`${late.toFixed(2)} [`);
    expect(textOf('tables/rounds.csv').trimEnd().split('\n')).toHaveLength(1 + 4 * 10);
  });
});

describe('a report of less', () => {
  it('has no figure of what was not measured', async () => {
    const whole = simulateStudy({ arms: TRUE_ARMS.slice(0, 1), dialogues: 1, rounds: 8 });
    const records = whole.records.filter(({ kind }) => kind !== 'cost');
    const files = await reportFiles({ ...whole, records, timings: [] }, OPTIONS);
    const figures = files.filter(({ path }) => path.endsWith('.svg')).map(({ path }) => path);
    expect(figures).toEqual(
      ['stability', 'groups', 'share', 'heads'].map((name) => `figures/tiny-organism-${name}.svg`),
    );
    for (const { path, text } of files) {
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined|Infinity/);
    }
    const page = files[0]!.text;
    expect(page).toContain('All 1 dialogues');
  });

  it('tells models and sources apart, in one table a kind', async () => {
    const files = await reportFiles(
      simulateStudy({
        sources: ['organism', 'Self chat'],
        dialogues: 4,
        rounds: 3,
        arms: TRUE_ARMS.slice(0, 2),
      }),
      OPTIONS,
    );
    const paths = files.map(({ path }) => path);
    expect(paths).toContain('figures/tiny-self-chat-stability.svg');
    const table = files.find(({ path }) => path === 'tables/stability.csv')!.text;
    expect(table.match(/Self chat/g)).toHaveLength(2);
  });

  it('has no baseline to draw beside where the first arm was not led', async () => {
    const study = simulateStudy({ dialogues: 6, rounds: 10 });
    const records = study.records.filter((record) => record.kind !== 'dialogue' || record.arm !== 'off');
    for (const { path, text } of (await reportFiles({ ...study, records }, OPTIONS)).slice(0, 2)) {
      expect(text, path).toContain('No differences can be told: off, with which');
      expect(text, path).not.toContain('Differences to');
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined/);
    }
  });

  it('is there while no dialogue has been led under every arm', async () => {
    const study = simulateStudy({ dialogues: 12, rounds: 10, arms: TRUE_ARMS.slice(0, 2) });
    const records = study.records.filter(
      (record) => record.kind !== 'dialogue' || (record.arm === 'off') === record.index < 6,
    );
    for (const { path, text } of (await reportFiles({ ...study, records }, OPTIONS)).slice(0, 2)) {
      expect(text, path).toContain('no dialogue has been led under all');
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined/);
    }
  });

  it('says in page and Markdown how much of the plan is not there', async () => {
    const study = simulateStudy({ dialogues: 6, rounds: 3, arms: TRUE_ARMS.slice(0, 2) });
    const { model, executor, precision, source, arm, seed } = study.records[0]!;
    const labels = { model, executor, precision, source, arm, seed };
    const gap = (index: number, error: string | null) => ({
      ...{ ...labels, index, error, kind: 'dialogue' as const, measure: null },
    });
    const gaps = [gap(6, null), gap(7, null), gap(8, 'E_LENGTH: too long')];
    const files = await reportFiles({ ...study, gaps }, OPTIONS);
    const planned = study.records.length + 3;
    for (const { text } of files.slice(0, 2)) {
      expect(text.replaceAll('\\', '')).toContain(
        `of ${planned} planned cells 1 failed (first: E_LENGTH: too long), 2 not computed.`,
      );
    }
  });

  it('says in page and Markdown which arms failed, and on what the others are told', async () => {
    const study = simulateStudy({ dialogues: 8, rounds: 3, arms: TRUE_ARMS.slice(0, 2) });
    const lacks = (record: (typeof study.records)[number]): boolean =>
      record.kind === 'dialogue' && record.arm === 'split .7' && record.index < 2;
    const gaps = study.records.filter(lacks).map((record) => {
      const { model, executor, precision, source, arm, seed, index } = record;
      const labels = { model, executor, precision, source, arm, seed, index };
      return { ...labels, kind: 'dialogue' as const, measure: null, error: 'E_LENGTH: too long' };
    });
    const records = study.records.filter((record) => !lacks(record));
    for (const { path, text } of (await reportFiles({ ...study, records, gaps }, OPTIONS)).slice(0, 2)) {
      const plain = text.replaceAll('\\', '');
      expect(plain, path).toContain('split .7: 2 failed (first: E_LENGTH: too long)');
      expect(plain, path).toContain('are of the 6 dialogues that all of off, split .7 have; 2 that some');
    }
  });

  it('has a page without results: it says that there are none', async () => {
    const files = await reportFiles({ ...simulateStudy({ dialogues: 2, rounds: 2 }), records: [] }, OPTIONS);
    expect(files[0]!.text).toContain('no dialogue is finished');
  });
});
