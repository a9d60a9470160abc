import { hash } from 'node:crypto';
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

const SUM_AT = ADDRESS_AT + ADDRESS_LENGTH + '","sha256":"'.length;
const RECORD_AT = SUM_AT + 64 + '","record":'.length;
const FAILURE = Buffer.from('{"kind":"failure"');

/** Returns whether the bytes of a cell's file are those of a failure. */
export const isFailureLine = (line: Uint8Array): boolean =>
  FAILURE.equals(line.subarray(RECORD_AT, RECORD_AT + FAILURE.length));

/** Returns the text of a cell's file. */
export function encodeCellFile(address: string, record: CellRecord): string {
  const text = JSON.stringify(record);
  return `${headOf(address, sha256(text))}${text}}\n`;
}

const headOf = (address: string, sum: string): string =>
  `{"address":"${address}","sha256":"${sum}","record":`;

/** Returns the record in a cell's file, or how the file is damaged. */
export function decodeCellFile(
  text: string,
  address: string,
): { readonly record: CellRecord } | { readonly damage: string } {
  const record = text.slice(RECORD_AT, -2);
  const isWhole = text.startsWith(headOf(address, sha256(record))) && text.endsWith('}}\n');
  if (!isWhole) return { damage: damageOf(text, address) };
  try {
    return checkRecord(JSON.parse(record));
  } catch {
    return { damage: 'the record is not JSON' };
  }
}

function damageOf(text: string, address: string): string {
  const [, named] = CELL_FILE.exec(text) ?? [];
  if (named === undefined) return 'not a cell file, or truncated';
  if (named !== address) return `the file belongs to cell ${named}`;
  return 'the record does not match its checksum';
}

/** SHA-256 in hex. */
export const sha256 = (text: string): string => hash('sha256', text);
