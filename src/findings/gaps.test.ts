import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { coverageWords } from './gaps.js';
import { reportFiles } from './report.js';
import { slicesOf } from './slices.js';
import { columnsOf } from './study-columns.js';
import type { StudyResult } from './study-result.js';

/** A study in which the policy of one arm did not act in the first two rounds, and in which it saw no prompt then. */
function blindAtFirst(): StudyResult {
  const study = simulateStudy({ dialogues: 6, rounds: 4 });
  const arm = study.spec.arms.at(-1)!.name;
  return {
    ...study,
    records: study.records.map((record) => {
      if (record.kind !== 'dialogue' || record.arm !== arm) return record;
      const rounds = record.rounds.map((round) =>
        round.round > 2
          ? round
          : {
              ...round,
              ...{ notice: 'no layer sees the system prompt any more', strength: null, spread: null },
              share: { before: null, after: null },
              heads: round.heads.map(() => null),
              controls: { sink: null, template: null, random: null },
            },
      );
      return { ...record, rounds };
    }),
  };
}

describe('a policy that did not act', () => {
  it('is said with its arm, the number of rounds and the reason', () => {
    const [slice] = slicesOf(columnsOf(blindAtFirst()));
    const name = slice!.arms.at(-1)!.name;
    expect(coverageWords(slice!)).toEqual([
      `Under ${name}, the policy did not do all that it was asked to in 12 of 24 rounds; the first: no layer sees the system prompt any more.`,
    ]);
  });

  it('leaves rounds without a share, and the report has no number for them', async () => {
    const files = await reportFiles(blindAtFirst(), { resamples: 100, dialogues: 2 });
    const rounds = files.find(({ path }) => path === 'tables/attention.csv')!.text.split('\n');
    const name = blindAtFirst().spec.arms.at(-1)!.name;
    const blind = rounds.filter((line) => line.includes(`${name},1,`) || line.includes(`"${name}",1,`));
    expect(blind.length).toBe(1);
    expect(blind[0]).toMatch(/,1,[\d.]+,,,,,,,,$/);
    expect(files.find(({ path }) => path === 'index.html')!.text).toContain('in 12 of 24 rounds');
  });
});
