import { describe, expect, it } from 'vitest';
import { htmlTable, textTable } from './table.js';

const table = {
  heading: ['of', 'early', 'late'],
  rows: [
    ['off', '0.9', '0.25'],
    ['held <on>', '0.91', '1'],
  ],
};

describe('a table', () => {
  it('in text has left-aligned names and right-aligned numbers', () => {
    expect(textTable(table)).toEqual([
      'of         early  late',
      'off          0.9  0.25',
      'held <on>   0.91     1',
    ]);
  });

  it('in text left-aligns the columns named as wordy', () => {
    const rows = [
      ['a', 'dialogues', '24'],
      ['a', 'kl', '8'],
    ];
    expect(textTable({ heading: ['arm', 'measure', 'done'], rows, wordy: [1] })).toEqual([
      'arm  measure    done',
      'a    dialogues    24',
      'a    kl            8',
    ]);
  });

  it('in a page has the same cells, escaped, and marks the headings of rows and columns', () => {
    const { markup } = htmlTable(table);
    const cells = [...markup.matchAll(/<(t[hd])(?: [^>]*)?>([^<]*)</g)].map(
      ([, tag, text]) => `${tag} ${text}`,
    );
    expect(cells).toEqual([
      ...['th of', 'th early', 'th late'],
      ...['th off', 'td 0.9', 'td 0.25'],
      ...['th held &lt;on&gt;', 'td 0.91', 'td 1'],
    ]);
    expect(markup.match(/scope="col"/g)).toHaveLength(3);
    expect(markup.match(/scope="row"/g)).toHaveLength(2);
    expect(htmlTable({ ...table, wordy: [1] }).markup.match(/class="words"/g)).toHaveLength(3);
  });
});
