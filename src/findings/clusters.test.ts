import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import type { DialogueRecord } from '../study/index.js';
import { analyse } from './analysis.js';
import { clustersOf, sampleOf, sampleText } from './clusters.js';
import { compareArms } from './compare.js';
import { sampleWords } from './gaps.js';
import { pilotPower } from './power.js';
import { columnsOf } from './study-columns.js';
import type { StudyResult } from './study-result.js';

const FEW = { resamples: 300 };

const dialoguesOf = ({ records }: StudyResult, ofArm = 'off'): DialogueRecord[] =>
  records.filter((record) => record.kind === 'dialogue').filter(({ arm }) => arm === ofArm);

describe('the clusters of a study', () => {
  const selfChat = simulateStudy({ dialogues: 60, prompts: 12, rounds: 10 });
  const onePerPrompt = simulateStudy({ dialogues: 12, rounds: 10 });

  it('are prompts: dialogues that repeat a prompt add no certainty if they repeat its answers', () => {
    const [repeated, alone] = [selfChat, onePerPrompt].map((study) => analyse(study, FEW)[0]!);
    expect(repeated!.slice.sample).toEqual({ dialogues: 60, prompts: 12, clusters: 12 });
    for (const [at, { difference, p, pHolm, detectable, clusters }] of repeated!.effects.entries()) {
      const other = alone!.effects[at]!;
      expect(clusters).toBe(12);
      expect(difference.value).toBeCloseTo(other.difference.value, 12);
      expect(difference.low).toBeCloseTo(other.difference.low, 12);
      expect(difference.high).toBeCloseTo(other.difference.high, 12);
      expect({ p, pHolm }).toEqual({ p: other.p, pHolm: other.pHolm });
      if (detectable !== null) expect(detectable).toBeCloseTo(other.detectable!, 12);
    }
    for (const [at, { stability, slope }] of repeated!.courses.entries()) {
      expect(stability.change.low).toBeCloseTo(alone!.courses[at]!.stability.change.low, 12);
      expect(slope.high).toBeCloseTo(alone!.courses[at]!.slope.high, 12);
    }
    expect(repeated!.correlations[0]!.overDialogues.low).toBeCloseTo(
      alone!.correlations[0]!.overDialogues.low,
      12,
    );
  });

  it('are used by power and by comparisons', () => {
    const plan = pilotPower(selfChat, 0.1).arms.find(
      ({ arm, window }) => arm === 'growing' && window === 'late',
    )!;
    expect(plan).toMatchObject({ dialogues: 60, prompts: 12, clusters: 12 });
    const [compared] = compareArms(selfChat, ['growing', 'off'], FEW);
    expect(compared).toMatchObject({ dialogues: 60, prompts: 12, clusters: 12 });
  });

  it('keep the seeds of a dialogue together', () => {
    const dialogues = dialoguesOf(onePerPrompt);
    const records = [2, 1].flatMap((seed) => dialogues.map((dialogue) => ({ ...dialogue, seed })));
    const clusters = clustersOf(columnsOf({ ...onePerPrompt, records }).slices[0]!.dialogues);
    expect(sampleOf(clusters)).toEqual({ dialogues: 24, prompts: 12, clusters: 12 });
    expect(clusters.map((cluster) => cluster.map(({ index, seed }) => [index, seed])).slice(0, 2)).toEqual([
      [
        [0, 1],
        [0, 2],
      ],
      [
        [1, 1],
        [1, 2],
      ],
    ]);
  });

  it('are dialogues where all have one prompt, and a report says so', () => {
    const study = simulateStudy({ dialogues: 20, prompts: 1, rounds: 4 });
    const { slice } = analyse(study, FEW)[0]!;
    expect(slice.sample).toEqual({ dialogues: 20, prompts: 1, clusters: 20 });
    expect(sampleWords(slice.sample)).toEqual([
      '20 dialogues of 1 prompt.',
      'The results hold for this prompt, not for others.',
    ]);
  });

  it('are counted in words', () => {
    expect(sampleText({ dialogues: 100, prompts: 32, clusters: 32 })).toBe('100 dialogues of 32 prompts');
    expect(sampleText({ dialogues: 1, prompts: 1, clusters: 1 })).toBe('1 dialogue of 1 prompt');
    expect(sampleWords({ dialogues: 60, prompts: 12, clusters: 12 })).toEqual([
      '60 dialogues of 12 prompts.',
      'Dialogues of one prompt are not independent, so intervals, tests and power count prompts.',
    ]);
    expect(sampleWords({ dialogues: 12, prompts: 12, clusters: 12 })).toEqual([
      '12 dialogues of 12 prompts.',
    ]);
    expect(sampleWords({ dialogues: 6, prompts: 6, clusters: 6 })[1]).toBe(
      'Intervals, tests and power rest on fewer than 10 prompts: they are rough.',
    );
  });
});
