import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import type { KeptRecord, StudyResult } from './study-result.js';
import { tablesOf } from './tables.js';

const FEW = { resamples: 200 };

const mixedOf = (study: StudyResult) => analyse(study, FEW)[0]!.mixed;

/** The same dialogues with several seeds, each with other scores of probes under the arms other than off. */
function withSeeds(study: StudyResult, seeds: number): StudyResult {
  const records = study.records.flatMap<KeptRecord>((record) =>
    record.kind !== 'dialogue'
      ? [record]
      : Array.from({ length: seeds }, (_, seed) => ({
          ...record,
          seed,
          rounds: record.rounds.map((round) => ({
            ...round,
            probes: round.probes.map((probe, at) =>
              record.arm !== 'off' && (round.round + at + record.index + seed) % seeds === 0
                ? { ...probe, score: 0 }
                : probe,
            ),
          })),
        })),
  );
  return { ...study, records };
}

describe('the effects by a mixed model', () => {
  it('find prompts to be all of the variance where their dialogues are alike', () => {
    const study = simulateStudy({ dialogues: 90, prompts: 30, rounds: 10 });
    const late = mixedOf(study).find(({ arm, window }) => arm === 'growing' && window === 'late')!;
    expect(late.shares.prompt).toBeGreaterThan(0.99);
    expect(late.shares.prompt! + late.shares.dialogue!).toBeCloseTo(1, 9);
    expect(late.shares.seed).toBeNull();
    const effect = analyse(study, FEW)[0]!.effects.find(
      ({ arm, window }) => arm === 'growing' && window === 'late',
    )!;
    expect(late.difference.value).toBeCloseTo(effect.difference.value, 6);
    const widthOf = ({ low, high }: { low: number; high: number }): number => high - low;
    expect(widthOf(late.difference) / widthOf(effect.difference)).toBeGreaterThan(0.7);
    expect(widthOf(late.difference) / widthOf(effect.difference)).toBeLessThan(1.4);
  });

  it('tell seeds from dialogues, where each dialogue has its prompt', () => {
    const study = withSeeds(simulateStudy({ dialogues: 12, rounds: 10 }), 3);
    const shares = mixedOf(study).find(({ arm, window }) => arm === 'growing' && window === 'late')!.shares;
    expect(shares.prompt).toBeNull();
    expect(shares.seed).toBeGreaterThan(0);
    expect(shares.dialogue! + shares.seed!).toBeCloseTo(1, 9);
  });

  it('are not fitted without levels, or for few prompts', () => {
    expect(mixedOf(simulateStudy({ dialogues: 12, rounds: 4 }))).toEqual([]);
    expect(mixedOf(simulateStudy({ dialogues: 12, prompts: 4, rounds: 4 }))).toEqual([]);
    const study = simulateStudy({ dialogues: 24, prompts: 8, rounds: 4 });
    const analysis = analyse(study, FEW)[0]!;
    const table = tablesOf(analysis, study.spec).find(({ name }) => name === 'mixed')!;
    expect(table.rows).toHaveLength(analysis.mixed.length);
    expect(analysis.mixed.length).toBeGreaterThan(0);
  });
});
