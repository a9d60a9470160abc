import { createHash } from 'node:crypto';
import type { CellRecord } from '../plan/index.js';

/**
 * The file of a cell: JSON on one line, its keys always in this order,
 *
 *     {"address":"…","sha256":"…","record":{…}}
 *
 * where `sha256` is of the record's bytes as they stand there. A file that was torn or changed is thereby known.
 */
const CELL_FILE = /^\{"address":"([0-9a-f]{64})","sha256":"([0-9a-f]{64})","record":(\{.*\})\}\n$/s;

export function encodeCellFile(address: string, record: CellRecord): string {
  const text = JSON.stringify(record);
  return `{"address":"${address}","sha256":"${sha256(text)}","record":${text}}\n`;
}

/** The record in a cell's file, or why there is none. */
export function decodeCellFile(
  text: string,
  address: string,
): { readonly record: CellRecord } | { readonly damage: string } {
  const [, named, sum, record] = CELL_FILE.exec(text) ?? [];
  if (named === undefined || sum === undefined || record === undefined) {
    return { damage: 'it is not the file of a cell, or not all of it' };
  }
  if (named !== address) return { damage: `it is the file of cell ${named}` };
  if (sha256(record) !== sum) return { damage: 'its record was changed: the checksum is of another' };
  return { record: JSON.parse(record) };
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
