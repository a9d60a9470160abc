import { readFileSync } from 'node:fs';
import { parquetReadObjects } from 'hyparquet';
import type { GrowingFile } from '../../src/files/index.js';
import { SHARE_COLUMNS, type ShareColumn, type ShareRow } from '../../src/measure/share-columns.js';

/** A file that counts the bytes written to it, and keeps them only on request. */
export function countingFile(keep = false): GrowingFile & {
  readonly appended: { total: number; largest: number };
  bytes(): Uint8Array<ArrayBuffer>;
} {
  const appended = { total: 0, largest: 0 };
  const parts: Uint8Array[] = [];
  return {
    path: 'memory',
    appended,
    append(bytes) {
      appended.total += bytes.length;
      appended.largest = Math.max(appended.largest, bytes.length);
      if (keep) parts.push(bytes.slice());
    },
    bytes: () => Uint8Array.from(Buffer.concat(parts)),
    finish() {},
    discard() {},
  };
}

/** Returns a row with the same shares in all heads; omitted shares are 0. */
export function rowOf(
  place: Omit<ShareRow, 'id' | 'shares'>,
  pairs: number,
  shares: Partial<Record<ShareColumn, number>>,
): ShareRow {
  const values = SHARE_COLUMNS.flatMap((column) => Array<number>(pairs).fill(shares[column] ?? 0));
  return { id: 7, ...place, shares: Float32Array.from(values) };
}

/** Returns the rows of a Parquet table. */
export function readTable(
  source: string | Uint8Array<ArrayBuffer>,
): Promise<Record<string, number | null>[]> {
  const bytes = typeof source === 'string' ? Uint8Array.from(readFileSync(source)) : source;
  return parquetReadObjects({ file: bytes.buffer });
}
