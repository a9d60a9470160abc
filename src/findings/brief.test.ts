import { expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { briefTables } from './brief.js';

it('the table at the end of a run has the numbers of the report', () => {
  const study = simulateStudy({ dialogues: 12, rounds: 8, arms: TRUE_ARMS.slice(0, 2) });
  const [table, ...others] = briefTables(study);
  expect(others).toEqual([]);
  const [slice] = analyse(study);
  const late = slice!.effects.find(({ window, arm }) => window === 'late' && arm === TRUE_ARMS[1]!.name)!;
  expect(table!.rows.map(([arm]) => arm)).toEqual(slice!.courses.map(({ name }) => name));
  expect(table!.rows.map((row) => row[2])).toEqual(slice!.courses.map(({ stability }) => stability.late));
  expect(table!.rows.map((row) => row[4])).toEqual(slice!.courses.map(({ share }) => share.after.late));
  expect(table!.rows.map((row) => row[3])).toEqual([null, late.difference]);
});
