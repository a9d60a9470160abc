import { describe, expect, it } from 'vitest';
import { csvOf, type DataTable, markdownTable, readableTable } from './data-table.js';

const table: DataTable = {
  name: 'arms',
  title: 'Arms',
  note: '',
  columns: [
    { name: 'arm', heading: 'arm' },
    { name: 'change', heading: 'late − early', signed: true },
    { name: 'kl', heading: 'KL', digits: 3 },
  ],
  rows: [
    ['off', { value: -0.25, low: -0.5, high: 0 }, null],
    ['a "b", c|d', { value: 0.125, low: 0.1, high: 0.2 }, 0.0625],
    ['of one', { value: 0.5, low: Number.NaN, high: Number.NaN }, Number.NaN],
  ],
};

describe('a table of data', () => {
  it('shows people intervals in brackets, signs of differences, and dashes for missing values', () => {
    expect(readableTable(table)).toEqual({
      heading: ['arm', 'late − early', 'KL'],
      rows: [
        ['off', '−0.25 [−0.50, 0.00]', '–'],
        ['a "b", c|d', '+0.13 [+0.10, +0.20]', '0.063'],
        ['of one', '+0.50', '–'],
      ],
      wordy: [],
      note: '',
    });
  });

  it('has the notes of the columns that it shows, and writes no number above zero as zero', () => {
    const noted: DataTable = {
      ...table,
      note: 'Two columns.',
      columns: [
        { name: 'arm', heading: 'arm' },
        { name: 'p', heading: 'p', digits: 4, note: 'p: of a test.' },
        { name: 'kl', heading: 'KL', note: 'KL: not measured.' },
      ],
      rows: [
        ['off', 0.00004, null],
        ['held', 0, null],
      ],
    };
    expect(readableTable(noted)).toMatchObject({
      rows: [
        ['off', '<0.0001'],
        ['held', '0.0000'],
      ],
      note: 'Two columns. p: of a test.',
    });
  });

  it('writes an infinite number in words for people, and as inf for programs', () => {
    const infinite = Number.POSITIVE_INFINITY;
    const times: DataTable = {
      ...table,
      columns: [
        { name: 'arm', heading: 'arm' },
        { name: 'median', heading: 'median', digits: 0, infinite: 'not reached' },
      ],
      rows: [['off', { value: 8, low: 6, high: infinite }]],
    };
    expect(readableTable(times).rows).toEqual([['off', '8 [6, not reached]']]);
    expect(csvOf(times)).toBe('arm,median,median_low,median_high\noff,8,6,inf\n');
  });

  it('leaves out empty columns for people, and knows which columns contain words', () => {
    const columns = ['arm', 'rounds', 'p', 'words'].map((name) => ({ name, heading: name }));
    const sparse = {
      ...table,
      columns,
      rows: [
        ['off', 2, Number.NaN, 'seen'],
        ['held', 3, null, null],
      ],
    };
    expect(readableTable(sparse)).toEqual({
      heading: ['arm', 'rounds', 'words'],
      rows: [
        ['off', '2.00', 'seen'],
        ['held', '3.00', '–'],
      ],
      wordy: [2],
      note: '',
    });
    expect(markdownTable(readableTable(sparse)).split('\n')[1]).toBe('| --- | --: | --- |');
    expect(csvOf(sparse)).toMatch(/^arm,rounds,p,words\n/);
  });

  it('gives programs all digits, intervals in separate columns, and quotes where they are needed', () => {
    expect(csvOf(table)).toBe(
      'arm,change,change_low,change_high,kl\n' +
        'off,-0.25,-0.5,0,\n' +
        '"a ""b"", c|d",0.125,0.1,0.2,0.0625\n' +
        'of one,0.5,,,\n',
    );
  });

  it('escapes cells in Markdown', () => {
    const lines = markdownTable(readableTable(table)).split('\n');
    expect(lines[1]).toBe('| --- | --: | --: |');
    expect(lines[3]).toContain('c\\|d');
  });
});
