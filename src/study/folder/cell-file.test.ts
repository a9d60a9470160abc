import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureRecord } from '../plan/index.js';
import { decodeCellFile, encodeCellFile, sha256 } from './cell-file.js';

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

describe('a file with the checksum of what it has', () => {
  const decode = (record: string) =>
    decodeCellFile(`{"address":"${ADDRESS}","sha256":"${sha256(record)}","record":${record}}\n`, ADDRESS);
  const changed = (change: object): string => JSON.stringify({ ...recordOf('no', 1), ...change });

  const KIND =
    'the record is invalid: kind: expected failure or dialogue or cost or influence or ranking or chance, not ';

  /** An answer under an unrelated prompt. */
  const ANSWER = {
    label: 'l',
    question: 'q',
    rule: null,
    repeat: 1,
    answer: 'a',
    score: 1,
    under: 'unrelated',
  };

  it.each([
    ['{x}', 'the record is not JSON'],
    ['{}', `${KIND}nothing`],
    [changed({ kind: 'guess' }), `${KIND}"guess"`],
    [changed({ error: undefined }), 'the record is invalid: error: expected a text, not nothing'],
    [changed({ model: null }), 'the record is invalid: model: expected a text, not null'],
    [
      changed({ seed: 2 ** 31 }),
      'the record is invalid: seed: expected an integer from -2147483648 to 2147483647, not 2147483648',
    ],
    [
      changed({ kind: 'ranking', scenario: 'x', system: null, heads: [['0.1']] }),
      'the record is invalid: heads: 0: 0: expected a number from 0 to 1, not "0.1"',
    ],
    [
      changed({ kind: 'dialogue', scenario: 'x', group: 'g', system: 's', rounds: [null] }),
      'the record is invalid: rounds: 0: expected an object, not null',
    ],
    [
      changed({ kind: 'ranking', scenario: 'x', heads: [[0.5], {}] }),
      'the record is invalid: heads: 1: expected a list, not an object',
    ],
    [
      changed({ kind: 'cost', measure: 'kl', item: 'i', sum: '1', count: 1 }),
      'the record is invalid: sum: expected a number, not "1"',
    ],
    [
      changed({ kind: 'chance', scenario: 'x', group: 'g', system: 's', answers: [ANSWER] }),
      'the record is invalid: answers: 0: under: expected none, not "unrelated"',
    ],
  ])('counts as damaged if that is no record: %s', (record, damage) => {
    expect(decode(record)).toEqual({ damage });
  });

  it('may lack what records of older versions lack, and keeps what it has besides', () => {
    const record = { ...recordOf('no', 1), kind: 'ranking', scenario: 'x', heads: [[0.1, null]], later: 1 };
    expect(decode(JSON.stringify(record))).toEqual({ record });
    const unrelated = { id: 'u', system: 'Rhyme.' };
    const { error: _, ...labels } = recordOf('no', 1);
    const chance = { ...labels, kind: 'chance', scenario: 'x', group: 'g', system: 's', unrelated };
    const asked = { ...chance, answers: [ANSWER] };
    expect(decode(JSON.stringify(asked))).toEqual({ record: asked });
  });
});
