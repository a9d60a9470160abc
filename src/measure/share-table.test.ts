import { describe, expect, it } from 'vitest';
import { countingFile, readTable, rowOf } from '../../test/support/decay-fixtures.js';
import { SHARE_COLUMNS } from './share-columns.js';
import { openShareTable } from './share-table.js';

const GRID = { layers: 30, heads: 9 };
const PAIRS = 270;
/** Bytes of a line: six integers and nine shares. */
const LINE_BYTES = 60;

describe('a table of shares', () => {
  it('buffers no more than a row group, however long the dialogue', () => {
    const file = countingFile();
    const groupLines = 8192;
    const table = openShareTable(file, GRID, groupLines);
    let most = 0;
    for (let position = 0; position < 1000; position++) {
      table.add(rowOf({ dialogue: 0, turn: 1, position }, PAIRS, { prompt: Math.random() }));
      most = Math.max(most, table.held);
      // Lines that are no longer buffered are in the file.
      expect(file.appended.total > 0).toBe(table.lines > table.held);
    }
    expect(table.lines).toBe(1000 * PAIRS);
    expect(most).toBeLessThan(groupLines);
    expect(file.appended.largest).toBeLessThan(groupLines * LINE_BYTES);
    table.finish();
    expect(table.held).toBe(0);
  });

  it('contains every row, layer and head that was added, across row groups', async () => {
    const grid = { layers: 2, heads: 3 };
    const file = countingFile(true);
    const table = openShareTable(file, grid, 7);
    const rows = Array.from({ length: 5 }, (_, index) => {
      const shares = Float32Array.from({ length: SHARE_COLUMNS.length * 6 }, () => Math.random());
      return { dialogue: index % 2, turn: 1 + index, position: 40 + index, id: 500 + index, shares };
    });
    for (const row of rows) table.add(row);
    table.finish();

    const lines = await readTable(file.bytes());
    const expected = rows.flatMap(({ dialogue, turn, position, id, shares }) =>
      Array.from({ length: 6 }, (_, pair) => ({
        ...{ dialogue, turn, token: position, token_id: id, layer: Math.floor(pair / 3), head: pair % 3 },
        ...Object.fromEntries(SHARE_COLUMNS.map((name, column) => [name, shares[column * 6 + pair]!])),
      })),
    );
    expect(lines).toEqual(expected);
  });

  it('has null for a control that does not exist yet', async () => {
    const file = countingFile(true);
    const table = openShareTable(file, { layers: 1, heads: 1 });
    table.add(rowOf({ dialogue: 0, turn: 1, position: 9 }, 1, { prompt: 0.5, random: Number.NaN }));
    table.add(rowOf({ dialogue: 0, turn: 1, position: 10 }, 1, { prompt: 0.5, random: 0.25 }));
    table.finish();
    expect((await readTable(file.bytes())).map(({ random }) => random)).toEqual([null, 0.25]);
  });

  it('may be empty', async () => {
    const file = countingFile(true);
    openShareTable(file, GRID).finish();
    expect(await readTable(file.bytes())).toEqual([]);
  });
});
