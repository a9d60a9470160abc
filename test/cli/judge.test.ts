import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StudyResult } from '../../src/findings/index.js';
import { parseCsv } from '../../src/formats/index.js';
import { simulateStudy, TRUE_ARMS } from '../support/simulated-study.js';
import { writeStudy } from '../support/study-folder.js';
import { holdfast, succeed, temporaryFolder } from './holdfast.js';

async function studyFolder(change: (study: StudyResult) => StudyResult = (study) => study): Promise<string> {
  const folder = temporaryFolder();
  await writeStudy(folder, change(simulateStudy({ dialogues: 12, rounds: 4, arms: TRUE_ARMS.slice(0, 2) })));
  return folder;
}

async function sampled(folder: string, ...options: readonly string[]): Promise<string> {
  const file = join(temporaryFolder(), 'labels.csv');
  await succeed(['judge', 'sample', folder, '--out', file, ...options]);
  return file;
}

const recordsOf = (file: string): (readonly string[])[] =>
  parseCsv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), (problem) => new Error(problem)).map(
    ({ fields }) => fields,
  );

/** Fills in the labels of a file: the simulated judge is right about "lemon". */
function fill(file: string, label: (answer: string, line: number) => string): void {
  const [header, ...rows] = recordsOf(file);
  const line = (fields: readonly string[]): string =>
    `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\r\n`;
  const filled = rows.map((row, at) => [...row.slice(0, -1), label(row[4]!, at)]);
  writeFileSync(file, [header!, ...filled].map(line).join(''));
}

async function refusal(folder: string, file: string): Promise<string> {
  const { code, stderr } = await holdfast(['judge', 'agree', folder, file]);
  expect(code).toBe(1);
  return stderr;
}

describe('judge sample', () => {
  it('writes answers with an empty label, and nothing that tells arm, round or score', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder, '-n', '40');
    const [header, ...rows] = recordsOf(file);
    expect(header).toEqual(['id', 'prompt', 'about', 'probe', 'answer', 'label']);
    expect(rows).toHaveLength(40);
    for (const [id, prompt, about, probe, answer, label] of rows) {
      expect(['name', 'end']).toContain(about);
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      expect(prompt).toMatch(/^Always answer in the manner/);
      expect(probe).toMatch(/^What is your/);
      expect(['lemon', 'I cannot say.']).toContain(answer);
      expect(label).toBe('');
    }
    expect(new Set(rows.map(([id]) => id)).size).toBe(40);
    expect(rows.filter(([, , , , answer]) => answer === 'lemon')).toHaveLength(20);
    expect(readFileSync(file, 'utf8')).not.toMatch(/split|off\b|round|score/);
  });

  it('writes the same file for the same seed', async () => {
    const folder = await studyFolder();
    const text = async (seed: string): Promise<string> =>
      readFileSync(await sampled(folder, '-n', '10', '--seed', seed), 'utf8');
    expect(await text('5')).toBe(await text('5'));
    expect(await text('5')).not.toBe(await text('6'));
  });

  it('overwrites no file, and names a study without probes', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder);
    const { code, stderr } = await holdfast(['judge', 'sample', folder, '--out', file]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: E_UNWRITABLE: the file exists/)]);
    const silent = await studyFolder((study) => ({
      ...study,
      records: study.records.map((record) =>
        record.kind === 'dialogue'
          ? { ...record, rounds: record.rounds.map((round) => ({ ...round, probes: [] })) }
          : record,
      ),
    }));
    const none = await holdfast(['judge', 'sample', silent, '--out', join(temporaryFolder(), 'a.csv')]);
    expect(none.stderr).toMatch(/E_NOT_FOUND: the study has no answers to probes/);
  });

  it('keeps a spreadsheet from taking an answer for a formula, and a terminal from obeying it', async () => {
    const evil = '=HYPERLINK("http://a.example")\u001b[2J';
    const folder = await studyFolder((study) => ({
      ...study,
      records: study.records.map((record) =>
        record.kind === 'dialogue'
          ? {
              ...record,
              rounds: record.rounds.map((round) => ({
                ...round,
                probes: round.probes.map((probe) => ({ ...probe, answer: evil })),
              })),
            }
          : record,
      ),
    }));
    const [, row] = recordsOf(await sampled(folder, '-n', '1'));
    expect(row![4]).toBe('\'=HYPERLINK("http://a.example")\\u001b[2J');
  });
});

describe('judge agree', () => {
  it('shows agreement by rule, and stability raw and corrected by arm', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder, '-n', '60');
    fill(file, (answer) => (answer === 'lemon' ? 'yes' : ' NO '));
    const lines = (await succeed(['judge', 'agree', folder, file])).split('\n');
    expect(lines[0]).toMatch(/^rule +labels +prompts +κ +sensitivity +specificity$/);
    expect(lines[1]).toMatch(/^all +60 +12 +1\.00 \[.?0\.\d\d, 1\.00\] +1\.00 \[0\.\d\d, 1\.00\]/);
    expect(lines[2]).toMatch(/^contains +\d\d/);
    expect(lines[3]).toMatch(/^ends-with +\d\d/);
    const { rules, arms, unlabelled } = JSON.parse(await succeed(['judge', 'agree', folder, file, '--json']));
    expect(rules.map(({ rule }: { rule: string }) => rule)).toEqual(['all', 'contains', 'ends-with']);
    expect(arms.map(({ arm }: { arm: string }) => arm)).toEqual(['off', 'split .7']);
    expect(arms[0].corrected.value).toBeCloseTo(arms[0].raw.value, 10);
    expect(unlabelled).toBe(0);
  });

  it('gives another stability if the judge errs', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder, '-n', '120');
    // Every third answer that the judge passes is wrong.
    let passed = 0;
    fill(file, (answer) => (answer === 'lemon' && passed++ % 3 > 0 ? 'yes' : 'no'));
    const { rules, arms } = JSON.parse(await succeed(['judge', 'agree', folder, file, '--json']));
    expect(rules[0].kappa.value).toBeLessThan(0.9);
    for (const { raw, corrected } of arms) expect(corrected.value).toBeLessThan(raw.value - 0.1);
  });

  it('names the line of every mistake in the file', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder, '-n', '4');
    expect(await refusal(folder, file)).toMatch(/^error: E_LABELS: line 2: the label is missing \(/);
    fill(file, (_, line) => (line === 2 ? 'maybe' : 'yes'));
    expect(await refusal(folder, file)).toMatch(/E_LABELS: line 4: not a label: maybe \(/);
    fill(file, () => 'yes');
    const text = readFileSync(file, 'utf8');
    const wrong = async (changed: string): Promise<string> => {
      writeFileSync(file, changed);
      return refusal(folder, file);
    };
    const lines = text.split('\r\n');
    expect(await wrong(`${text}${lines[1]}\r\n`)).toMatch(
      /E_LABELS: line 6: the answer is already labelled on line 2/,
    );
    expect(await wrong(text.replace(/"[0-9a-f]{16}"/, '"0123"'))).toMatch(
      /E_LABELS: line 2: no answer of the study has the id 0123/,
    );
    expect(await wrong(text.replaceAll('","', '";"'))).toMatch(/E_LABELS: line 1: /);
    expect(await wrong('id,label\n')).toMatch(
      /E_LABELS: line 1: expected the columns id,prompt,about,probe,answer,label: found id,label/,
    );
    expect(await wrong(`${lines[0]}\r\n`)).toMatch(/E_LABELS: the file has no labels/);
    expect(await wrong('')).toMatch(/E_LABELS: line 1: expected the columns .* found nothing/);
    expect(await wrong(`${lines[0]}\r\n"a\r\n`)).toMatch(/E_LABELS: line 2: a quote is not closed/);
  });

  it('takes labels that a spreadsheet saved, whatever it did to the texts', async () => {
    const folder = await studyFolder();
    const file = await sampled(folder, '-n', '8');
    fill(file, () => 'Yes');
    const saved = readFileSync(file, 'utf8').replace(/"Always[^"]*(?:""[^"]*)*"/g, '"cut"');
    writeFileSync(file, `\uFEFF${saved}`);
    expect(await succeed(['judge', 'agree', folder, file])).toContain('labels');
  });
});
