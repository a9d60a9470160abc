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
        ...['stability', 'groups', 'share', 'heads', 'survival', 'front'].flatMap((name) => [
          `figures/tiny-organism-${name}.svg`,
          `figures/tiny-organism-${name}.vl.json`,
        ]),
        ...[
          'summary',
          'stability',
          'chance',
          'above-chance',
          'differences',
          'answers',
          'quality',
          'groups',
          'costs',
          'survival',
          'kept',
          'front',
          'equal-kl',
          'correlations',
          'rounds',
          'attention',
          'heads',
        ].map((name) => `tables/${name}.csv`),
      ].sort(),
    );
  });

  it('says the date in the prompts if a template can write it', async () => {
    const now = '2026-03-02T21:00:00+01:00';
    const pageOf = async (mayWriteTime: boolean): Promise<string> => {
      const models = study.models.map((model) => ({ ...model, mayWriteTime }));
      const files = await reportFiles({ ...study, now, models }, OPTIONS);
      return files.find((file) => file.path === 'index.html')!.text;
    };
    const page = await pageOf(true);
    expect(page).toContain(`<dt>date and time in the prompts</dt><dd>${now}</dd>`);
    expect(page).toMatch(/holdfast study run \S+ --now 2026-03-02T21:00:00\+01:00 --out FOLDER/);
    expect(await pageOf(false)).not.toContain(now);
  });

  it('has the same bytes when written again', async () => {
    const again = await reportFiles(simulateStudy({ dialogues: 12, rounds: 10 }), OPTIONS);
    expect(again.filter(({ path, text }) => text !== textOf(path)).map(({ path }) => path)).toEqual([]);
  });

  it('fetches nothing, and allows only its own script', () => {
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

  it('has every id once, and a target for each of its internal links', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(ids).toContain(link);
  });

  it('contains as many dialogues as it says, with everything that their numbers come from', () => {
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

  it('begins with what it found, in a table of every arm, before it says how', () => {
    const order = [
      '<h1>',
      'class="headline"',
      '<th scope="row">growing</th>',
      '<svg',
      'Findings',
      '<p class="soft">cpu, ',
      '<figure id="slice-tiny-organism-share"',
      'id="run"',
    ];
    const places = order.map((text) => page.indexOf(text));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(page.slice(0, places[3])).not.toContain('SHA-256');
    const rows = textOf('tables/summary.csv').split('\n');
    expect(rows[0]).toMatch(/,arm,stability,stability_low,.*stability_in_words,influence,.*,kl,/);
    expect(rows.slice(1, 5).map((row) => row.split(',')[4])).toEqual(TRUE_ARMS.map(({ name }) => name));
    expect(rows[3]).toMatch(/better|no effect seen|not after correction/);
    const text = textOf('report.md');
    expect(text.indexOf('### In short')).toBeLessThan(text.indexOf('### Stability'));
  });

  it('names the prompt beside the sink, in every column of shares', () => {
    const headings = [...page.matchAll(/<th scope="col"[^>]*>([^<]*)</g)].map(([, heading]) => heading);
    expect(headings).toEqual(
      expect.arrayContaining(['prompt', 'prompt, median', 'prompt before', 'prompt, early', 'sink']),
    );
    expect(headings).not.toContain('median');
  });

  it('draws every figure for a desk and for a phone', () => {
    const count = (text: RegExp): number => page.match(text)?.length ?? 0;
    expect(count(/<figure id/g)).toBeGreaterThan(2);
    expect(count(/class="wide on-page"/g)).toBe(count(/<figure id/g));
    expect(count(/class="wide on-phone"/g)).toBe(count(/<figure id/g));
  });

  it('leaves an arm without a system message out of the figure of shares', async () => {
    const unseen = { before: null, after: null };
    const records = study.records.map((record) =>
      record.kind === 'dialogue' && record.arm === 'control'
        ? { ...record, rounds: record.rounds.map((round) => ({ ...round, share: unseen })) }
        : record,
    );
    const own = await reportFiles({ ...study, records }, OPTIONS);
    const drawn = own.find(({ path }) => path === 'figures/tiny-organism-share.vl.json')!.text;
    expect(drawn).not.toContain('"control"');
    expect(drawn).toMatch(/"domain": \[\s*0,\s*0\.\d+\s*\]/);
    for (const { path, text } of own) if (path.endsWith('.svg')) expect(text, path).not.toContain('NaN');
  });

  it('draws the share before a policy only where one acts, and the baseline first, so that its colour is fixed', () => {
    const drawn = textOf('figures/tiny-organism-share.vl.json');
    const before = [...drawn.matchAll(/"panel": "([^"]*)",\s*"series": "before its policy"/g)];
    expect([...new Set(before.map(([, panel]) => panel))]).toEqual(['split .7', 'growing']);
    expect(drawn).toMatch(/"domain": \[\s*"off",/);
  });

  it('draws what the probes score by chance beside stability, if it is known', async () => {
    const stability = 'figures/tiny-organism-stability.vl.json';
    expect(textOf(stability)).toContain('"by chance"');
    expect(page).toContain('what the same probes score without the prompt');
    const unknown = await reportFiles(simulateStudy({ dialogues: 6, rounds: 4, chance: null }), OPTIONS);
    expect(unknown.find(({ path }) => path === stability)!.text).not.toContain('by chance');
  });

  it('says what was run and how to run it again', () => {
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

  it('writes tables with the numbers of the page', () => {
    const [heading, first] = textOf('tables/stability.csv').split('\n');
    expect(heading).toBe(
      'model,executor,precision,source,arm,dialogues,prompts,early,early_low,early_high,late,late_low,late_high,change,change_low,change_high,slope,slope_low,slope_high',
    );
    const late = Number(first!.split(',')[10]);
    expect(page).toContain(`<td>${late.toFixed(2)} [`);
    expect(textOf('report.md')).toContain(`${late.toFixed(2)} [`);
    expect(textOf('tables/rounds.csv').trimEnd().split('\n')).toHaveLength(1 + 4 * 10);
  });
});

describe('the report of an incomplete study', () => {
  it('has no figure for what was not measured', async () => {
    const whole = simulateStudy({ arms: TRUE_ARMS.slice(0, 1), dialogues: 1, rounds: 8 });
    const records = whole.records.filter(({ kind }) => kind !== 'cost');
    const files = await reportFiles({ ...whole, records, timings: [] }, OPTIONS);
    const figures = files.filter(({ path }) => path.endsWith('.svg')).map(({ path }) => path);
    expect(figures).toEqual(
      ['stability', 'groups', 'share', 'heads', 'survival'].map(
        (name) => `figures/tiny-organism-${name}.svg`,
      ),
    );
    for (const { path, text } of files) {
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined|Infinity/);
    }
    const page = files[0]!.text;
    expect(page).toContain('All 1 dialogues');
  });

  it('separates models and sources, and has one table of each kind', async () => {
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

  it('draws no baseline if the first arm was not run', async () => {
    const study = simulateStudy({ dialogues: 6, rounds: 10 });
    const records = study.records.filter((record) => record.kind !== 'dialogue' || record.arm !== 'off');
    for (const { path, text } of (await reportFiles({ ...study, records }, OPTIONS)).slice(0, 2)) {
      expect(text, path).toContain('No differences can be computed: the baseline arm, off,');
      expect(text, path).not.toContain('Differences from');
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined/);
    }
  });

  it('can be written before any dialogue was run under every arm', async () => {
    const study = simulateStudy({ dialogues: 12, rounds: 10, arms: TRUE_ARMS.slice(0, 2) });
    const records = study.records.filter(
      (record) => record.kind !== 'dialogue' || (record.arm === 'off') === record.index < 6,
    );
    for (const { path, text } of (await reportFiles({ ...study, records }, OPTIONS)).slice(0, 2)) {
      expect(text, path).toContain('no dialogue was run under all');
      expect(text.replace(/<script>[\s\S]*<\/script>/, ''), path).not.toMatch(/NaN|undefined/);
    }
  });

  it('says in page and Markdown how much of the plan is missing', async () => {
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
        `of ${planned} planned cells, 1 failed (first: E_LENGTH: too long), 2 not computed.`,
      );
    }
  });

  it('says in page and Markdown which arms failed, and which dialogues the numbers cover', async () => {
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
      expect(plain, path).toContain(
        'Missing dialogues, of each arm: 2 failed (first: E_LENGTH: too long): split .7.',
      );
      expect(plain, path).toContain('cover the 6 dialogues that all 2 arms have; 2 that some');
    }
  });

  it('says on the page that there are no results yet', async () => {
    const files = await reportFiles({ ...simulateStudy({ dialogues: 2, rounds: 2 }), records: [] }, OPTIONS);
    expect(files[0]!.text).toContain('No dialogue of this study is finished');
  });
});
