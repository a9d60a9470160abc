import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.js';
import { cohenKappa } from '../statistics/index.js';
import { judgeAgreement } from './judge-agreement.js';
import type { JudgedAnswer } from './judged-answers.js';
import type { Label } from './label-file.js';
import { sampleAnswers } from './label-sample.js';

interface Simulated {
  readonly answers: readonly JudgedAnswer[];
  /** Whether each answer truly follows its prompt, by id. */
  readonly truth: ReadonlyMap<string, boolean>;
}

interface Judge {
  readonly sensitivity: number;
  readonly specificity: number;
}

/** Simulates 40 prompts, each with 8 answers under each of two arms, judged with errors. */
function simulate(judge: Judge, { off = 0.8, on = 0.5, seed = 1 } = {}): Simulated {
  const random = createRandom(seed);
  const truth = new Map<string, boolean>();
  const answers = Array.from({ length: 40 }, (_, prompt) =>
    [off, on].flatMap((rate, arm) =>
      Array.from({ length: 8 }, (_, at): JudgedAnswer => {
        const id = `${prompt}-${arm}-${at}`;
        const follows = random() < rate;
        truth.set(id, follows);
        const passes = random() < (follows ? judge.sensitivity : 1 - judge.specificity);
        return {
          id,
          labels: { model: 'tiny', executor: 'cpu', precision: 'f32', source: 'self-chat' },
          arm: arm === 0 ? 'off' : 'on',
          prompt: `prompt ${prompt}`,
          cluster: `prompt ${prompt}`,
          about: 'pattern',
          probe: 'Well?',
          answer: 'Well.',
          score: passes ? 1 : 0,
          rule: prompt % 4 === 0 ? 'choice' : 'contains',
        };
      }),
    ),
  ).flat();
  return { answers, truth };
}

const labelsOf = (answers: readonly JudgedAnswer[], truth: Simulated['truth']): Label[] =>
  answers.map(({ id }) => ({ id, follows: truth.get(id)! }));

describe('sampleAnswers', () => {
  const { answers } = simulate({ sensitivity: 0.97, specificity: 0.8 });

  it('takes as many of each kind of rule and score as there are, up to the same number', () => {
    const drawn = sampleAnswers(answers, 120, 1);
    expect(new Set(drawn.map(({ id }) => id)).size).toBe(120);
    for (const rule of ['choice', 'contains']) {
      for (const score of [0, 1]) {
        expect(drawn.filter((each) => each.rule === rule && each.score === score)).toHaveLength(30);
      }
    }
  });

  it('is the same for the same seed, in an order that tells nothing, and not longer than the study', () => {
    expect(sampleAnswers(answers, 50, 3)).toEqual(sampleAnswers(answers, 50, 3));
    expect(sampleAnswers(answers, 50, 3)).not.toEqual(sampleAnswers(answers, 50, 4));
    const arms = sampleAnswers(answers, 60, 3).map(({ arm }) => arm);
    expect(arms.slice(0, 30)).toContain('on');
    expect(arms.slice(30)).toContain('off');
    expect(sampleAnswers(answers, 10_000, 1)).toHaveLength(answers.length);
    expect(sampleAnswers([], 10, 1)).toEqual([]);
  });

  it('takes answers that two arms share once', () => {
    const [first] = answers;
    expect(sampleAnswers([first!, { ...first!, arm: 'other' }], 10, 1)).toHaveLength(1);
  });
});

describe('judgeAgreement', () => {
  it('gives the rates of the whole study, though the sample is stratified', () => {
    const { answers, truth } = simulate({ sensitivity: 0.95, specificity: 0.8 });
    const whole = judgeAgreement(answers, labelsOf(answers, truth)).rules[0]!;
    const count = (judge: number, person: boolean): number =>
      answers.filter(({ id, score }) => score === judge && truth.get(id) === person).length;
    const table = {
      bothPass: count(1, true),
      onlyFirst: count(1, false),
      onlySecond: count(0, true),
      bothFail: count(0, false),
    };
    expect(whole.kappa.value).toBeCloseTo(cohenKappa(table), 10);
    expect(whole.sensitivity.value).toBeCloseTo(table.bothPass / (table.bothPass + table.onlySecond), 10);
    expect(whole.specificity.value).toBeCloseTo(table.bothFail / (table.bothFail + table.onlyFirst), 10);

    const sampled = Array.from({ length: 40 }, (_, seed) => {
      const drawn = sampleAnswers(answers, 120, seed + 1);
      const [all] = judgeAgreement(answers, labelsOf(drawn, truth)).rules;
      const passing = drawn.filter(({ id }) => truth.get(id));
      const unweighted = passing.filter(({ score }) => score === 1).length / passing.length;
      return { all: all!, unweighted };
    });
    const meanOf = (read: (one: (typeof sampled)[number]) => number): number =>
      sampled.reduce((sum, one) => sum + read(one), 0) / sampled.length;
    expect(meanOf(({ all }) => all.sensitivity.value)).toBeCloseTo(whole.sensitivity.value, 1.5);
    expect(meanOf(({ all }) => all.specificity.value)).toBeCloseTo(whole.specificity.value, 1.5);
    expect(meanOf(({ all }) => all.kappa.value)).toBeCloseTo(whole.kappa.value, 1.5);
    // Half of the sample failed, so its own rate says something else.
    expect(Math.abs(meanOf(({ unweighted }) => unweighted) - whole.sensitivity.value)).toBeGreaterThan(0.03);
    const inside = sampled.filter(
      ({ all }) => all.kappa.low <= whole.kappa.value && whole.kappa.value <= all.kappa.high,
    );
    expect(inside.length / sampled.length).toBeGreaterThan(0.85);
    expect(sampled[0]!.all).toMatchObject({ rule: 'all', labels: 120, prompts: expect.any(Number) });
  });

  it('corrects the stability of each arm towards the truth', () => {
    const { answers, truth } = simulate({ sensitivity: 0.75, specificity: 0.95 });
    const labels = labelsOf(sampleAnswers(answers, 300, 5), truth);
    const { arms, unlabelled } = judgeAgreement(answers, labels);
    expect(unlabelled).toBe(0);
    for (const { arm, raw, corrected } of arms) {
      const own = answers.filter((each) => each.arm === arm);
      const true_ = own.filter(({ id }) => truth.get(id)).length / own.length;
      expect(Math.abs(corrected.value - true_), arm).toBeLessThan(Math.abs(raw.value - true_));
      expect(corrected.low, arm).toBeLessThan(true_);
      expect(corrected.high, arm).toBeGreaterThan(true_);
      expect(corrected.high - corrected.low, arm).toBeGreaterThan(raw.high - raw.low);
    }
  });

  it('covers the truth in at least 93 of 100 studies', () => {
    let covered = 0;
    const studies = 150;
    for (let seed = 1; seed <= studies; seed++) {
      const { answers, truth } = simulate({ sensitivity: 0.92, specificity: 0.8 }, { seed: 100 + seed });
      const { arms } = judgeAgreement(answers, labelsOf(sampleAnswers(answers, 120, seed), truth));
      const { low, high } = arms[0]!.corrected;
      if (low <= 0.8 && 0.8 <= high) covered++;
    }
    expect(covered / studies).toBeGreaterThanOrEqual(0.93);
  }, 120_000);

  it('bounds κ below 1 if no label disagrees, by the number of prompts', () => {
    const { answers, truth } = simulate({ sensitivity: 1, specificity: 1 });
    const { rules } = judgeAgreement(answers, labelsOf(sampleAnswers(answers, 100, 1), truth));
    expect(rules.map(({ rule }) => rule)).toEqual(['all', 'choice', 'contains']);
    const [all, choice] = rules;
    expect(all!.kappa).toMatchObject({ value: 1, high: 1 });
    expect(all!.kappa.low).toBeLessThan(0.95);
    expect(choice!.kappa.low).toBeLessThan(all!.kappa.low);
  });

  it('says of how many answers nothing is known', () => {
    const { answers, truth } = simulate({ sensitivity: 0.9, specificity: 0.9 });
    const onlyContains = answers.filter(({ rule }) => rule === 'contains').slice(0, 80);
    const { rules, unlabelled } = judgeAgreement(answers, labelsOf(onlyContains, truth));
    expect(rules.map(({ rule }) => rule)).toEqual(['all', 'contains']);
    expect(unlabelled).toBe(answers.filter(({ rule }) => rule === 'choice').length);
  });

  it('counts scores between 0 and 1 in part', () => {
    const { answers, truth } = simulate({ sensitivity: 1, specificity: 1 });
    const unsure = answers.map((each) => ({ ...each, score: each.score === 1 ? 1 : 0.5 }));
    const { rules, arms } = judgeAgreement(unsure, labelsOf(unsure, truth));
    expect(rules[0]!.specificity.value).toBeCloseTo(0.5, 10);
    expect(rules[0]!.kappa.value).toBe(1);
    const passing = answers.filter(({ arm, id }) => arm === 'on' && truth.get(id)).length;
    expect(arms[1]!.corrected.value).toBeCloseTo(passing / (answers.length / 2), 10);
  });
});
