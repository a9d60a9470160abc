import { describe, expect, it } from 'vitest';
import { type SimulationOptions, simulateStudy } from '../../test/support/simulated-study.js';
import { csvOf, markdownTable, readableTable } from '../report/index.js';
import { type Estimate, meanOf } from '../statistics/index.js';
import type { ChanceRecord, DialogueRecord } from '../study/index.js';
import { analyse, type SliceAnalysis } from './analysis.js';
import { aboveChanceScores, chanceCoverage } from './chance.js';
import { scoresIn } from './scores.js';
import { slicesOf } from './slices.js';
import { columnsOf } from './study-columns.js';
import type { StudyResult } from './study-result.js';
import { tablesOf } from './tables.js';
import { findings, headline } from './words.js';

const FEW = { resamples: 600 };

const analysisOf = (study: StudyResult): SliceAnalysis => analyse(study, FEW)[0]!;

/** An untouched model with this probability of an obedient answer, whose prompts score this by chance. */
const simulated = (start: number, chance: number | null, more: SimulationOptions = {}): StudyResult =>
  simulateStudy({
    arms: [
      { name: 'off', start, slope: 0 },
      { name: 'held', start: Math.min(1, start + 0.3), slope: 0 },
    ],
    dialogues: 40,
    rounds: 12,
    unlike: 0,
    chance,
    ...more,
  });

/** Replaces the answers of chance. */
function withAnswers(
  study: StudyResult,
  change: (record: ChanceRecord) => ChanceRecord['answers'],
): StudyResult {
  const records = study.records.map((record) =>
    record.kind === 'chance' ? { ...record, answers: change(record) } : record,
  );
  return { ...study, records };
}

/** Returns a slice of one dialogue, given the scores of its probes and of answers by chance. */
function sliceOf(scores: readonly number[], chances: readonly (readonly [label: string, score: number])[]) {
  const study = simulated(0.5, 0.5, { dialogues: 1, rounds: 1 });
  const dialogue = study.records.find((record): record is DialogueRecord => record.kind === 'dialogue')!;
  const record = study.records.find((record): record is ChanceRecord => record.kind === 'chance')!;
  const answers = chances.map(([label, score]) => ({
    ...record.answers.find((answer) => answer.label === label)!,
    score,
  }));
  const records = [withScores(dialogue, scores), { ...record, answers }];
  return slicesOf(columnsOf({ ...study, records }))[0]!;
}

function withScores(dialogue: DialogueRecord, scores: readonly number[]): DialogueRecord {
  const rounds = dialogue.rounds.map((round) => ({
    ...round,
    probes: round.probes.map((probe, at) => ({ ...probe, score: scores[at]! })),
  }));
  return { ...dialogue, rounds };
}

describe('stability above chance', () => {
  const above = (...given: Parameters<typeof sliceOf>): number => {
    const { arms, chance } = sliceOf(...given);
    return meanOf(scoresIn(arms[0]!.shared, () => true, aboveChanceScores(chance)))(Int32Array.of(0));
  };

  it('is Σ (s − c) / Σ (1 − c), each probe with its own chance', () => {
    // "name" passes by chance in 1 of 4 answers, "end" in 3 of 4.
    const chances: [string, number][] = [
      ...[0, 0, 1, 0].map((score): [string, number] => ['name', score]),
      ...[1, 1, 0, 1].map((score): [string, number] => ['end', score]),
    ];
    expect(above([1, 0], chances)).toBeCloseTo((1 - 0.25 + 0 - 0.75) / (0.75 + 0.25), 12);
    expect(above([0.25, 0.75], chances)).toBeCloseTo(0, 12);
    expect(above([1, 1], chances)).toBe(1);
    expect(above([0, 0], chances)).toBeCloseTo(-1, 12);
  });

  it('leaves out a probe whose chance is not known, and is not a number if none is known', () => {
    expect(above([1, 0.5], [['end', 0]])).toBe(0.5);
    expect(above([1, 0.5], [])).toBeNaN();
  });

  it('is not a number if every answer passes by chance: such probes cannot show anything', () => {
    const chances = [['name', 1] as const, ['end', 1] as const];
    for (const scores of [
      [1, 1],
      [0.5, 1],
      [0, 0],
    ])
      expect(above(scores, chances)).toBeNaN();
  });

  it('is a dash, and empty in the file, if every answer passes by chance but not under the prompt', () => {
    const study = withAnswers(simulated(0.7, 0.4, { dialogues: 12 }), ({ answers }) =>
      answers.map((answer) => ({ ...answer, score: 1 })),
    );
    const analysis = analysisOf(study);
    expect(analysis.baseline!.stability.late.value).toBeLessThan(1);
    const tables = tablesOf(analysis, study.spec).filter(({ name }) => /above-chance|groups/.test(name));
    expect(tables).toHaveLength(2);
    for (const table of tables) {
      expect(table.rows.map((row) => (row.at(-1) as Estimate).value)).toEqual(
        table.rows.map(() => Number.NaN),
      );
      expect(markdownTable(readableTable(table)) + csvOf(table)).not.toMatch(/inf|NaN/i);
    }
    const told = findings(analysis, study.spec).join('\n');
    expect(told).toMatch(/At the floor: .* 1\.00 by chance: every answer passes without the prompt/);
    expect(told).not.toMatch(/inf|NaN/i);
  });

  it('is near the truth in a study, for the study and for its groups', () => {
    const { baseline, chance } = analysisOf(simulated(0.7, 0.4, { dialogues: 120 }));
    expect(chance!.both.value).toBeCloseTo(0.4, 1);
    for (const course of [baseline!, ...baseline!.parts]) {
      const { value, low, high } = course.aboveChance.late;
      expect(Math.abs(value - 0.5)).toBeLessThan(0.75 * (high - low));
    }
  });

  it('has an interval that includes the uncertainty of chance', () => {
    const noisy = simulated(0.7, 0.5);
    const exact = withAnswers(noisy, ({ answers }) => answers.map((answer) => ({ ...answer, score: 0.5 })));
    const widthOf = (study: StudyResult): number => {
      const { low, high } = analysisOf(study).baseline!.aboveChance.late;
      return high - low;
    };
    expect(widthOf(noisy)).toBeGreaterThan(1.2 * widthOf(exact));
  });
});

describe('the chance of a study', () => {
  it('is told for both conditions, with stability above it', () => {
    const study = simulated(0.8, 0.3);
    const analysis = analysisOf(study);
    expect(findings(analysis, study.spec).join('\n')).toMatch(
      /Chance: without its prompt, the untouched model scores 0\.\d\d \[0\.\d\d, 0\.\d\d\] on these probes \(0\.\d\d without a system message, 0\.\d\d under an unrelated prompt\)\. Above chance, the stability of off is 0\.\d\d \[.*\] in rounds 1–3 and 0\.\d\d \[.*\] in rounds 8–12\./,
    );
    const tables = tablesOf(analysis, study.spec);
    const chance = tables.find(({ name }) => name === 'chance')!;
    expect(chance.rows.map(([part]) => part)).toEqual(['all', 'pattern', 'persona', 'end', 'name']);
    const above = tables.find(({ name }) => name === 'above-chance')!;
    expect(above.rows.map(([arm]) => arm)).toEqual(['off', 'held']);
    const groups = tables.find(({ name }) => name === 'groups')!;
    expect(groups.rows[0]!.at(-1)).toEqual(analysis.courses[0]!.parts[0]!.aboveChance.late);
  });

  it('is not known in a study that did not ask for it, and the report says so', () => {
    const study = simulated(0.8, null);
    const analysis = analysisOf(study);
    expect(findings(analysis, study.spec).join('\n')).toContain('Chance is not known');
    expect(analysis).toMatchObject({ chance: null, floor: null });
    const tables = tablesOf(analysis, study.spec);
    expect(tables.filter(({ name }) => /chance/.test(name))).toEqual([]);
    const groups = tables.find(({ name }) => name === 'groups')!;
    expect(groups.rows.map((row) => row.at(-1))).toEqual(groups.rows.map(() => null));
  });

  it('is not known yet while its cells are not computed, and the report says so', () => {
    const study = simulated(0.8, null);
    const [asked] = simulated(0.8, 0.2).records.filter(({ kind }) => kind === 'chance');
    const gap = { ...asked!, kind: 'chance' as const, measure: null, error: null };
    const told = findings(analysisOf({ ...study, gaps: [gap] }), study.spec).join('\n');
    expect(told).toContain('Chance is not known yet: of the cells that ask for it, 1 not computed.');
    expect(told).not.toContain('Run the study again');
  });

  it('covers only the dialogues in which it is known, and the report says so', () => {
    const study = simulated(0.8, 0.2);
    const records = study.records.filter((record) => record.kind !== 'chance' || record.index >= 10);
    const analysis = analysisOf({ ...study, records });
    expect(chanceCoverage(analysis.slice.arms[0]!.shared, analysis.slice.chance)).toEqual({
      probed: 40,
      known: 30,
    });
    expect(findings(analysis, study.spec).join('\n')).toContain('Chance is known for 30 of 40 dialogues');
  });

  it('has one condition if a source has no unrelated prompt', () => {
    const study = withAnswers(simulated(0.8, 0.2), ({ answers }) =>
      answers.filter(({ under }) => under === 'none'),
    );
    const told = findings(analysisOf(study), study.spec).join('\n');
    expect(told).toMatch(/\(0\.\d\d without a system message\)/);
    expect(told).not.toContain('NaN');
  });
});

describe('a model at the floor', () => {
  it('is one that does not score above chance in the first round, however high chance is', () => {
    const study = simulated(0.8, 0.8);
    const analysis = analysisOf(study);
    expect(analysis.floor).toMatchObject({ arm: 'off', first: { round: 1 } });
    const told = findings(analysis, study.spec).join('\n');
    expect(told).toMatch(
      /At the floor: under off, stability in round 1 is 0\.[789]\d \[.*\], and 0\.[789]\d by chance: .* above chance, not distinguishable from chance/,
    );
    expect(told).not.toContain('More stable than');
    expect(headline(analysis, study.spec)).toMatch(/at the floor/);
  });

  it('may also score below chance', () => {
    const study = simulated(0.2, 0.8);
    expect(findings(analysisOf(study), study.spec).join('\n')).toMatch(
      /−\d\.\d\d .* above chance, below chance/,
    );
  });

  it('is also one whose probes every answer passes: they cannot show anything', () => {
    const study = simulated(1, 1);
    const analysis = analysisOf(study);
    const told = findings(analysis, study.spec).join('\n');
    expect(told).toMatch(/At the floor: .* 1\.00 by chance: every answer passes without the prompt/);
    expect(told).not.toContain('NaN');
  });

  it('is one that never obeys, and never by chance either', () => {
    expect(analysisOf(simulated(-1, 0)).floor).not.toBeNull();
  });

  it('is not one that always obeys, and never by chance', () => {
    expect(analysisOf(simulated(1, 0)).floor).toBeNull();
  });

  it('is not one that is seldom obedient, but more often than by chance', () => {
    expect(analysisOf(simulated(0.15, 0)).floor).toBeNull();
  });

  it('cannot be told from fewer prompts than an interval needs', () => {
    expect(analysisOf(simulated(0.5, 0.5, { dialogues: 4 })).floor).toBeNull();
  });
});
