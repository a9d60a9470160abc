import { describe, expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS, type TrueArm } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { effectWords } from './effect-words.js';
import { findings, headline } from './words.js';

function told(arms: readonly TrueArm[], dialogues = 40) {
  const study = simulateStudy({ arms, dialogues, rounds: 12, unlike: 0 });
  const analysis = analyse(study, { resamples: 400 })[0]!;
  return { headline: headline(analysis, study.spec), findings: findings(analysis, study.spec).join('\n') };
}

const inWords = (
  [value, low, high]: readonly [number, number, number],
  {
    p = 0.001,
    pMean = p,
    pHolm,
    clusters = 40,
    atFloor = false,
  }: { p?: number; pMean?: number; pHolm: number; clusters?: number; atFloor?: boolean },
): string =>
  effectWords({ difference: { value, low, high }, clusters, p, pMean, pHolm }, { name: 'off', atFloor });

describe('an effect in words', () => {
  it('is called better or worse only if its interval excludes zero and it is significant after correction', () => {
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.01 })).toBe('better');
    expect(inWords([-0.2, -0.3, -0.1], { pHolm: 0.01 })).toBe('worse');
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.2 })).toBe('better, but not after correction');
  });

  it('is not distinguishable where the interval excludes zero but the uncorrected test is not significant', () => {
    expect(inWords([0.2, 0.01, 0.3], { p: 0.125, pHolm: 1 })).toBe(
      'not distinguishable from off: interval and test disagree',
    );
    expect(inWords([0.2, 0.01, 0.3], { p: 0.01, pMean: 0.09, pHolm: 1 })).toBe(
      'not distinguishable from off: interval and test disagree',
    );
    expect(inWords([0.2, 0.01, 0.3], { p: 0.01, pMean: Number.NaN, pHolm: 1 })).toBe(
      'better, but not after correction',
    );
  });

  it('has no bound where the interval includes zero but the corrected tests found an effect', () => {
    expect(inWords([0.2, -0.01, 0.4], { pHolm: 0.002 })).toBe(
      'not distinguishable from off: interval and test disagree',
    );
    expect(inWords([0.2, -0.01, 0.4], { p: 0.04, pHolm: 0.2 })).toBe('no effect seen, at most 0.40');
  });

  it('is neither better nor worse at the floor', () => {
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.01, atFloor: true })).toBe('above zero, but at the floor');
    expect(inWords([-0.2, -0.3, -0.1], { pHolm: 0.01, atFloor: true })).toBe('below zero, but at the floor');
  });

  it('is otherwise bounded by the far end of its interval, rounded up', () => {
    expect(inWords([0.01, -0.031, 0.05], { pHolm: 1 })).toBe('no effect seen, at most 0.05');
    expect(inWords([0.01, -0.071, 0.05], { pHolm: 1 })).toBe('no effect seen, at most 0.08');
    expect(inWords([0, -0.088, 0.088], { pHolm: 1 })).toBe('no effect seen, at most 0.09');
  });

  it('cannot be told without an interval, and says why', () => {
    const nothing = [0.2, Number.NaN, Number.NaN] as const;
    expect(inWords(nothing, { pHolm: 1, clusters: 4 })).toBe(
      'cannot be told: there are fewer than 5 prompts',
    );
    expect(inWords(nothing, { pHolm: 1 })).toBe(
      'cannot be told: the dialogues do not show how much it varies',
    );
  });
});

describe('the findings of a study', () => {
  it('report drift where stability falls, and the arm that holds', () => {
    const { headline, findings } = told([
      { name: 'off', start: 0.9, slope: -0.05 },
      { name: 'held', start: 0.9, slope: -0.01 },
    ]);
    expect(headline).toMatch(
      /^The hold on the system prompt loosens: .* of off changes by −0\.\d\d .*held gains \+0\.\d\d/,
    );
    expect(findings).toMatch(/Drift: under off/);
    expect(findings).toMatch(/More stable than off in rounds 8–12: held/);
  });

  it('report no drift where none is seen', () => {
    const { headline, findings } = told([{ name: 'off', start: 0.6, slope: 0 }]);
    expect(headline).toMatch(/^No drift is seen/);
    expect(findings).toMatch(/^No drift seen/);
  });

  it('call no arm better on a model at the floor', () => {
    const { headline, findings } = told([
      { name: 'off', start: 0.04, slope: 0 },
      { name: 'held', start: 0.3, slope: 0.02 },
    ]);
    expect(headline).toMatch(/at the floor/);
    expect(findings).toMatch(/no arm is called better/);
    expect(findings).not.toMatch(/More stable|On the Pareto front/);
  });

  it('name the baseline, and say if it is not the untouched model', () => {
    const { headline, findings } = told([
      { name: 'strong', start: 0.9, slope: -0.05, lift: 2 },
      { name: 'held', start: 0.9, slope: -0.01 },
    ]);
    expect(headline).toMatch(/the stability of strong changes/);
    expect(findings).toMatch(/^The baseline arm, strong, is not the untouched model/);
  });

  it('cannot tell drift from few prompts, and say why', () => {
    const { headline, findings } = told(TRUE_ARMS, 1);
    expect(headline).toMatch(/^Cannot tell whether .*, but there are fewer than 5 prompts\.$/);
    expect(findings).toMatch(/Cannot tell whether there is drift under off/);
    expect(`${headline} ${findings}`).not.toContain('NaN');
  });

  it('cannot tell drift where no probe was asked late, and say why', () => {
    const study = simulateStudy({ dialogues: 12, rounds: 12 });
    const records = study.records.map((record) =>
      record.kind === 'dialogue'
        ? {
            ...record,
            rounds: record.rounds.map((round) => (round.round === 1 ? round : { ...round, probes: [] })),
          }
        : record,
    );
    const analysis = analyse({ ...study, records }, { resamples: 200 })[0]!;
    const words = [headline(analysis, study.spec), ...findings(analysis, study.spec)].join('\n');
    expect(words).toMatch(/Cannot tell whether .*: no probe was asked in rounds 8–12/);
    expect(words).not.toContain('NaN');
  });

  it('say that ability falls too where the whole model degrades', () => {
    const { headline, findings } = told([{ name: 'off', start: 0.9, slope: -0.05, abilityLoss: 0.04 }]);
    expect(findings).toMatch(/Under off, ability also falls, from 0\.9\d to 0\.\d\d \(by \d\d %\)/);
    expect(headline).toMatch(/Under off, ability also falls by/);
  });

  it('name the arms that are less stable already in early rounds', () => {
    expect(
      told([
        { name: 'off', start: 0.9, slope: 0 },
        { name: 'strong', start: 0.5, slope: 0 },
      ]).findings,
    ).toMatch(/Less stable than off already in rounds 1–3: strong/);
  });
});
