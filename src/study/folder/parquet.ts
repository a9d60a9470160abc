import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { Result, Table, Value } from './result-tables.js';

/** A file of results that is being written, at once and not later: it throws what the disk says. */
export interface Sink {
  add(result: Result): void;
  finish(): void;
}

/** Rows that are kept in memory and written together; results are the same bytes only while this stays as it is. */
const ROW_GROUP = 50_000;

/** Writes a table row group by row group: the same rows make the same bytes. */
export function openTable<Row>({ rows, columns }: Table<Row>, path: string): Sink {
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    createdBy: 'holdfast',
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type, nullable }) => ({
        name,
        repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
        ...(type === 'STRING' ? { type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const } : { type }),
      })),
    ],
  });
  let waiting: Value[][] = columns.map(() => []); // by column
  let count = 0;
  const flush = (): void => {
    if (count === 0) return;
    const columnData = columns.map(({ name }, at) => ({ name, data: waiting[at]! }));
    writer.write({ columnData, rowGroupSize: ROW_GROUP });
    waiting = columns.map(() => []);
    count = 0;
  };
  return {
    add(result) {
      for (const row of rows(result)) {
        for (const [at, { value }] of columns.entries()) waiting[at]!.push(value(row));
        if (++count === ROW_GROUP) flush();
      }
    },
    finish() {
      flush();
      writer.finish();
    },
  };
}
