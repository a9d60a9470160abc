import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FailureRecord } from '../plan/index.js';
import { decodeCellFile, encodeCellFile } from './cell-file.js';

const ADDRESS = 'a7'.repeat(32);
const recordOf = (error: string, seed: number): FailureRecord => ({
  kind: 'failure',
  model: 'm',
  executor: 'cpu',
  precision: 'f32',
  source: 's',
  arm: 'off',
  seed,
  index: 0,
  error,
});

it('decoding returns the encoded record, whatever text it contains', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), (error, seed) => {
      const record = recordOf(error, seed);
      expect(decodeCellFile(encodeCellFile(ADDRESS, record), ADDRESS)).toEqual({ record });
    }),
  );
});

it('a truncated file, or one with a changed byte, counts as damaged', () => {
  const text = encodeCellFile(ADDRESS, recordOf('"}}\n', 3));
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      expect(decodeCellFile(text.slice(0, at), ADDRESS)).toHaveProperty('damage');
      if (changed !== text) expect(decodeCellFile(changed, ADDRESS)).toHaveProperty('damage');
    }),
  );
});

it('a cell file is JSON with address, checksum and record', () => {
  const record = recordOf('no', 1);
  const parsed = JSON.parse(encodeCellFile(ADDRESS, record));
  expect(Object.keys(parsed)).toEqual(['address', 'sha256', 'record']);
  expect(parsed.record).toEqual(record);
});
