import { strictEqual } from 'node:assert';
import { createHash } from 'node:crypto';
import { decodeCellFile, encodeCellFile } from '../../dist-fuzz/study/folder/cell-file.js';
import * as tables from '../../dist-fuzz/study/folder/result-tables.js';
import { decodeUtf8 } from '../../dist-fuzz/utf8.js';
import { refuse } from '../sources.mjs';

const ADDRESS = 'a7'.repeat(32);

/** The record in a cell's file, under a checksum that is right. It goes into every table, and is written as it was read. */
export default {
  rooms: ['study/folder', 'study/plan'],
  kind: 'json',
  seeds: () => RECORDS.map((record) => Buffer.from(JSON.stringify({ ...LABELS, ...record }))),
  read(bytes) {
    const text = decodeUtf8(bytes, 'input');
    const sum = createHash('sha256').update(text).digest('hex');
    const file = `{"address":"${ADDRESS}","sha256":"${sum}","record":${text}}\n`;
    const decoded = decodeCellFile(file, ADDRESS);
    return 'damage' in decoded ? refuse(decoded.damage) : decoded.record;
  },
  check(record) {
    for (const { rows, columns } of Object.values(tables)) {
      for (const row of rows({ address: ADDRESS, record, headsPerLayer: 2 })) {
        for (const { name, type, nullable, value } of columns) checkValue(name, type, nullable, value(row));
      }
    }
    const again = decodeCellFile(encodeCellFile(ADDRESS, record), ADDRESS);
    strictEqual(JSON.stringify(again.record), JSON.stringify(record));
  },
};

const IS_OF_TYPE = {
  STRING: (value) => typeof value === 'string',
  INT32: (value) => Number.isInteger(value),
  DOUBLE: (value) => typeof value === 'number',
  BOOLEAN: (value) => typeof value === 'boolean',
};
function checkValue(name, type, nullable, value) {
  if (value === null ? nullable : IS_OF_TYPE[type](value)) return;
  throw new Error(`the column ${name} has ${typeof value}, not ${type}`);
}

const LABELS = { model: 'm', executor: 'cpu', precision: 'f32', source: 's', arm: 'off', seed: 1, index: 0 };
const PROBE = { label: 'p', question: 'q?', rule: 'contains', repeat: 1, answer: 'yes', score: 0.5 };
const ROUND = {
  ...{ round: 1, user: 'u', answer: 'a', finished: true, contextTokens: 10, systemTokens: 4, strength: 0.5 },
  ...{
    notice: null,
    share: { before: 0.1, after: 0.2 },
    heads: [0.1, null, 0.2, 0.3],
    obedience: 1,
    ability: null,
  },
  spread: { mean: 0.1, median: 0.1, ninetieth: 0.2, above: 0.1, below: 0.1 },
  ...{ controls: { sink: 0.3, template: null, random: 0.1 }, fluency: 0.9, probes: [PROBE] },
};
const RECORDS = [
  { kind: 'failure', error: 'E_CONTEXT_FULL: the context is full' },
  {
    ...{
      kind: 'dialogue',
      scenario: 'x',
      group: 'g',
      system: 'Hold fast.',
      rounds: [ROUND, { ...ROUND, round: 2 }],
    },
    ...{ forwardedTokens: 20, forwardPasses: 4, recomputedTokens: 3 },
  },
  { kind: 'cost', measure: 'kl', item: 'i', sum: 1.5, count: 12 },
  {
    ...{
      kind: 'influence',
      scenario: 'x',
      system: 'Hold fast.',
      idle: [1],
      forwardedTokens: 9,
      forwardPasses: 2,
    },
    references: [{ name: 'none', system: null, rounds: [{ round: 1, sum: 0.5, count: 3 }] }],
  },
  {
    kind: 'ranking',
    scenario: 'x',
    system: null,
    heads: [
      [0.1, null],
      [0.2, 0.3],
    ],
  },
  {
    ...{
      kind: 'chance',
      scenario: 'x',
      group: 'g',
      system: 'Hold fast.',
      unrelated: { id: 'u', system: 'Be brief.' },
    },
    answers: [
      { ...PROBE, under: 'none' },
      { ...PROBE, under: 'unrelated' },
    ],
  },
];
