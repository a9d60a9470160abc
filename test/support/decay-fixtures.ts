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

/** Returns a row with the same shares in all heads, all in sight; omitted shares are 0, and one of NaN does not exist yet. */
export function rowOf(
  place: Pick<ShareRow, 'dialogue' | 'turn' | 'position'>,
  pairs: number,
  shares: Partial<Record<ShareColumn, number>>,
): ShareRow {
  const values = SHARE_COLUMNS.flatMap((column) => Array<number>(pairs).fill(shares[column] ?? 0));
  const seen = Uint8Array.from(SHARE_COLUMNS, (column) => (Number.isNaN(shares[column]) ? 0 : 1));
  // As many layers as there may be.
  return {
    id: 7,
    ...place,
    shares: Float32Array.from(values),
    seen,
    layersSeeing: new Uint8Array(pairs).fill(1),
  };
}

/** Returns the rows of a Parquet table. */
export function readTable(
  source: string | Uint8Array<ArrayBuffer>,
): Promise<Record<string, number | null>[]> {
  const bytes = typeof source === 'string' ? Uint8Array.from(readFileSync(source)) : source;
  return parquetReadObjects({ file: bytes.buffer });
}
