import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { HeadGrid } from '../attention/index.js';
import type { GrowingFile } from '../files/index.js';
import { RANDOM, SHARE_COLUMNS, type ShareRow } from './share-columns.js';

/** Lines of a row group, which is buffered before it is written; 56 bytes a line. */
const GROUP_LINES = 65_536;

/** The columns that identify a line, before the shares. */
export const KEY_COLUMNS = ['dialogue', 'turn', 'token', 'token_id', 'layer', 'head'] as const;

/** A Parquet table of shares that grows on disk, with one line per row, layer and head. */
export interface ShareTable {
  readonly lines: number;
  /** Buffered lines that are not yet in the file, at most one row group. */
  readonly held: number;
  add(row: Omit<ShareRow, 'seen' | 'layersSeeing'>): void;
  /** Writes the buffered lines and the footer, without which the table is unreadable. */
  finish(): void;
}

/**
 * Opens a table that writes to a file.
 * @param groupLines the largest number of lines of a row group
 * @throws HoldfastError `E_UNWRITABLE`, as soon as a group cannot be written
 */
export function openShareTable(file: GrowingFile, grid: HeadGrid, groupLines = GROUP_LINES): ShareTable {
  const keys = KEY_COLUMNS.map(() => new Int32Array(groupLines));
  const shares = SHARE_COLUMNS.map(() => new Float32Array(groupLines));
  const bytes = new FileBytes(file);
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'shares', num_children: KEY_COLUMNS.length + SHARE_COLUMNS.length },
      ...KEY_COLUMNS.map((name) => ({
        name,
        type: 'INT32' as const,
        repetition_type: 'REQUIRED' as const,
      })),
      ...SHARE_COLUMNS.map((name, column) => ({
        name,
        type: 'FLOAT' as const,
        repetition_type: column === RANDOM ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      })),
    ],
    createdBy: 'holdfast',
  });
  let written = 0;
  let held = 0;

  const flush = (): void => {
    if (held === 0) return;
    const done = writer.write({
      columnData: [
        ...KEY_COLUMNS.map((name, column) => ({ name, data: keys[column]!.subarray(0, held) })),
        ...SHARE_COLUMNS.map((name, column) => {
          const values = shares[column]!.subarray(0, held);
          const data = column === RANDOM ? Array.from(values, orNull) : values;
          return { name, data, encoding: 'PLAIN' as const }; // shares hardly repeat, so a dictionary would not help
        }),
      ],
      rowGroupSize: held,
    });
    if (done !== undefined) throw new Error('the Parquet writer is asynchronous'); // see FileBytes.flush
    written += held;
    held = 0;
  };

  return {
    get lines() {
      return written + held;
    },
    get held() {
      return held;
    },
    add({ dialogue, turn, position, id, shares: of }) {
      const pairs = grid.layers * grid.heads;
      for (let pair = 0; pair < pairs; pair++) {
        const line = [dialogue, turn, position, id, Math.floor(pair / grid.heads), pair % grid.heads];
        for (const [column, values] of keys.entries()) values[held] = line[column]!;
        for (const [column, values] of shares.entries()) values[held] = of[column * pairs + pair]!;
        held++;
        if (held === groupLines) flush();
      }
    },
    finish() {
      flush();
      writer.finish();
    },
  };
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** The Parquet writer's buffer, written to the file after every row group. */
class FileBytes extends ByteWriter {
  constructor(private readonly file: GrowingFile) {
    super();
  }

  /** Called after every row group. It is synchronous, so the writer is as well. */
  flush(): void {
    this.file.append(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}
