import { expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { briefTables } from './brief.js';

it('the table at the end of a run names its model and source, and has the numbers of the report', () => {
  const study = simulateStudy({ dialogues: 12, rounds: 8, arms: TRUE_ARMS.slice(0, 2) });
  const [table, ...others] = briefTables(study);
  expect(others).toEqual([]);
  expect(table!.title).toMatch(/ · /);
  const [slice] = analyse(study);
  const column = (name: string): number => table!.columns.findIndex((each) => each.name === name);
  expect(table!.rows.map(([arm]) => arm)).toEqual(slice!.courses.map(({ name }) => name));
  expect(table!.rows.map((row) => row[column('stability')])).toEqual(
    slice!.courses.map(({ stability }) => stability.late),
  );
});
