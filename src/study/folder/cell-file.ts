import { createHash } from 'node:crypto';
import type { CellRecord } from '../plan/index.js';
import { checkRecord } from './record-schema.js';

/**
 * The file of a cell: JSON on one line with its keys in this order,
 *
 *     {"address":"…","sha256":"…","record":{…}}
 *
 * where `sha256` is the hash of the record's bytes in the file. It reveals a truncated or changed file. A file with the right hash
 * may still be one that Holdfast did not write.
 */
const CELL_FILE = /^\{"address":"([0-9a-f]{64})","sha256":"([0-9a-f]{64})","record":(\{.*\})\}\n$/s;

/** Where the address is in the text of a cell, and its length. */
export const ADDRESS_AT = '{"address":"'.length;
export const ADDRESS_LENGTH = 64;

const RECORD_AT = ADDRESS_AT + ADDRESS_LENGTH + '","sha256":"'.length + 64 + '","record":'.length;
const FAILURE = Buffer.from('{"kind":"failure"');

/** Returns whether the bytes of a cell's file are those of a failure. */
export const isFailureLine = (line: Uint8Array): boolean =>
  FAILURE.equals(line.subarray(RECORD_AT, RECORD_AT + FAILURE.length));

/** Returns the text of a cell's file. */
export function encodeCellFile(address: string, record: CellRecord): string {
  const text = JSON.stringify(record);
  return `{"address":"${address}","sha256":"${sha256(text)}","record":${text}}\n`;
}

/** Returns the record in a cell's file, or how the file is damaged. */
export function decodeCellFile(
  text: string,
  address: string,
): { readonly record: CellRecord } | { readonly damage: string } {
  const [, named, sum, record] = CELL_FILE.exec(text) ?? [];
  if (named === undefined || sum === undefined || record === undefined) {
    return { damage: 'not a cell file, or truncated' };
  }
  if (named !== address) return { damage: `the file belongs to cell ${named}` };
  if (sha256(record) !== sum) return { damage: 'the record does not match its checksum' };
  try {
    return checkRecord(JSON.parse(record));
  } catch {
    return { damage: 'the record is not JSON' };
  }
}

/** SHA-256 in hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
