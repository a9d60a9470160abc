import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadChoices } from './index.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-choices-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(name: string, content: string): ReturnType<typeof loadChoices> {
  writeFileSync(join(folder, name), content);
  return loadChoices(join(folder, name));
}

describe('loadChoices', () => {
  it("reads MMLU's CSV: no header, quoted fields with commas, doubled quotes and line breaks", () => {
    const good = 'Is it?,yes,no,"well, yes",maybe,C\r\n"He said ""A"".\nWho?",x,y,z,w,B\n';
    expect(read('a.csv', good)).toEqual([
      { question: 'Is it?', choices: ['yes', 'no', 'well, yes', 'maybe'], answer: 2 },
      { question: 'He said "A".\nWho?', choices: ['x', 'y', 'z', 'w'], answer: 1 },
    ]);
  });

  it('reads JSONL with letters or indices and skips blank lines', () => {
    const row = { question: 'Q', choices: ['a', 'b', 'c', 'd'] };
    const lines = [JSON.stringify({ ...row, answer: 'D' }), '', JSON.stringify({ ...row, answer: 0 }), ''];
    expect(read('a.jsonl', lines.join('\n')).map(({ answer }) => answer)).toEqual([3, 0]);
  });

  it('reports the file and line of an error', () => {
    const good = '{"question":"Q","choices":["a","b","c","d"],"answer":"A"}\n';
    expect(() => read('a.jsonl', `${good}\n{"question":`)).toThrow(
      /^E_MATERIAL: line 3: not JSON: .*a\.jsonl/,
    );
    expect(() => read('a.jsonl', good.replace('"A"', '"E"'))).toThrow(
      /line 1: an answer is a letter from A to D.*field answer/,
    );
    expect(() => read('a.jsonl', good.replace(',"d"', ''))).toThrow(/line 1: .*field choices/);
    expect(() => read('a.jsonl', good.replace('"answer"', '"label"'))).toThrow(/E_MATERIAL: line 1/);
    expect(() => read('a.csv', 'Q,a,b,c,d,A\nQ,a,b,c,A\n')).toThrow(
      /line 2: expected 6 columns \(question, A, B, C, D, answer\): found 5/,
    );
    expect(() => read('a.csv', 'Q,a,b,c,d,A\n"Q\n2",a,b,c,d,F\n')).toThrow(/line 2: .*field answer/);
    expect(() => read('a.csv', 'Q,a,b,c,d,A\nQ,"a,b,c,d,A\n')).toThrow(/line 2: a quote is not closed/);
    expect(() => read('a.csv', 'Q,a"b,b,c,d,A\n')).toThrow(/line 1: an unquoted field contains a quote/);
    expect(() => read('a.csv', '\n')).toThrow(/there are no questions/);
    expect(() => loadChoices(join(folder, 'none.csv'))).toThrow(/^E_NOT_FOUND/);
  });

  it('reads back any fields written as CSV', () => {
    const field = fc.string({ minLength: 1, unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é', '\r\n') });
    const row = fc
      .tuple(field, field, field, field, field)
      .filter((fields) => fields.every((text) => text.trim() !== ''));
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const csv = rows.map((fields) => [...fields.map(quote), 'B'].join(',')).join('\n');
        const questions = read('any.csv', csv);
        expect(questions.map(({ question, choices }) => [question, ...choices])).toEqual(rows);
      }),
      { numRuns: 50 },
    );
  });
});
