import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { Result, Table, Value } from './result-tables.js';

/** A results file that is being written. Writes are synchronous, so `add` and `finish` throw the errors of the disk. */
export interface Sink {
  add(result: Result): void;
  finish(): void;
}

/** Rows that are collected in memory and written together. A change would change the bytes of the tables. */
const ROW_GROUP = 50_000;

/** Opens a table for writing, row group by row group. The same rows give the same bytes. */
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
