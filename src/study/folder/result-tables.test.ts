import { expect, it } from 'vitest';
import type { CellRecord } from '../plan/index.js';
import { CHANCE, PROBES, type Table } from './result-tables.js';

const LABELS = { model: 'm', executor: 'cpu', precision: 'f32', source: 's', arm: 'off', seed: 1, index: 0 };
/** A probe as older versions wrote it: without a rule, and without the number of its repetition. */
const PROBE = { label: 'l', question: 'q?', answer: 'yes', score: 1 };

/** Returns the rows of a table, as objects. */
function rowsOf<Row>({ rows, columns }: Table<Row>, record: object): object[] {
  const result = {
    address: 'a7'.repeat(32),
    record: { ...LABELS, ...record } as CellRecord,
    headsPerLayer: 2,
  };
  return Array.from(rows(result), (row) =>
    Object.fromEntries(columns.map(({ name, value }) => [name, value(row)])),
  );
}

it('a probe of an older version was asked once', () => {
  const round = { round: 1, share: {}, controls: {}, heads: [], probes: [PROBE] };
  const dialogue = { kind: 'dialogue', scenario: 'x', group: 'g', system: 's', rounds: [round] };
  const chance = {
    kind: 'chance',
    scenario: 'x',
    group: 'g',
    unrelated: null,
    answers: [{ ...PROBE, under: 'none' }],
  };
  for (const rows of [rowsOf(PROBES, dialogue), rowsOf(CHANCE, chance)]) {
    expect(rows).toEqual([expect.objectContaining({ label: 'l', rule: null, repeat: 1 })]);
  }
});
