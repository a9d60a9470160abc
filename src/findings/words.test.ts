import { describe, expect, it } from 'vitest';
import { simulateStudy, TRUE_ARMS, type TrueArm } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { effectWords, findings, headline } from './words.js';

function told(arms: readonly TrueArm[], dialogues = 40) {
  const study = simulateStudy({ arms, dialogues, rounds: 12, unlike: 0 });
  const analysis = analyse(study, { resamples: 400 })[0]!;
  return { headline: headline(analysis, study.spec), findings: findings(analysis, study.spec).join('\n') };
}

const inWords = (
  [value, low, high]: readonly [number, number, number],
  { p = 0.001, pHolm, atFloor = false }: { p?: number; pHolm: number; atFloor?: boolean },
): string => effectWords({ difference: { value, low, high }, p, pHolm }, { name: 'off', atFloor });

describe('an effect in words', () => {
  it('is called one only off zero and after correction', () => {
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.01 })).toBe('better');
    expect(inWords([-0.2, -0.3, -0.1], { pHolm: 0.01 })).toBe('worse');
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.2 })).toBe('better, but not after correction');
  });

  it('is not told where the interval lies off zero and the test sees nothing, corrected or not', () => {
    expect(inWords([0.2, 0.01, 0.3], { p: 0.125, pHolm: 1 })).toBe(
      'not told from off: interval and test disagree',
    );
  });

  it('is neither better nor worse at the floor', () => {
    expect(inWords([0.2, 0.1, 0.3], { pHolm: 0.01, atFloor: true })).toBe('above zero, but at the floor');
    expect(inWords([-0.2, -0.3, -0.1], { pHolm: 0.01, atFloor: true })).toBe('below zero, but at the floor');
  });

  it('is otherwise as large as its interval reaches, rounded up', () => {
    expect(inWords([0.01, -0.031, 0.05], { pHolm: 1 })).toBe('no effect seen, smaller than 0.05');
    expect(inWords([0.01, -0.071, 0.05], { pHolm: 1 })).toBe('no effect seen, smaller than 0.08');
    expect(inWords([0, 0, 0], { pHolm: 1 })).toBe('no difference at all');
    expect(inWords([0.2, Number.NaN, Number.NaN], { pHolm: 1 })).toBe(
      'cannot be told: fewer than 5 scenarios',
    );
  });
});

describe('what a study says', () => {
  it('is drift where stability falls, and which arm holds', () => {
    const { headline, findings } = told([
      { name: 'off', start: 0.9, slope: -0.05 },
      { name: 'held', start: 0.9, slope: -0.01 },
    ]);
    expect(headline).toMatch(
      /^The hold on the system prompt loosens: .* of off changes by −0\.\d\d .*held holds \+0\.\d\d/,
    );
    expect(findings).toMatch(/Drift: under off/);
    expect(findings).toMatch(/More stable than off in rounds 8–12: held/);
  });

  it('is no drift where none is seen', () => {
    const { headline, findings } = told([{ name: 'off', start: 0.6, slope: 0 }]);
    expect(headline).toMatch(/^No drift is seen/);
    expect(findings).toMatch(/^No drift seen/);
  });

  it('calls no arm better on a model at the floor', () => {
    const { headline, findings } = told([
      { name: 'off', start: 0.04, slope: 0 },
      { name: 'held', start: 0.3, slope: 0.02 },
    ]);
    expect(headline).toMatch(/at the floor/);
    expect(findings).toMatch(/no arm is called better/);
    expect(findings).not.toMatch(/More stable|On the front/);
  });

  it('names the arm that others are compared with, and says when it is not the untouched model', () => {
    const { headline, findings } = told([
      { name: 'strong', start: 0.9, slope: -0.05, lift: 2 },
      { name: 'held', start: 0.9, slope: -0.01 },
    ]);
    expect(headline).toMatch(/the stability of strong changes/);
    expect(findings).toMatch(/^strong, with which the other arms are compared, is not the untouched model/);
  });

  it('cannot tell drift of few scenarios, and says why', () => {
    const { headline, findings } = told(TRUE_ARMS, 1);
    expect(headline).toMatch(/cannot be told: .*, but that is of fewer than 5 scenarios\.$/);
    expect(findings).toMatch(/Whether there is drift under off cannot be told/);
    expect(`${headline} ${findings}`).not.toContain('NaN');
  });

  it('cannot tell drift where no probe was put late, and says why', () => {
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
    expect(words).toMatch(/cannot be told: no probe was put in rounds 8–12/);
    expect(words).not.toContain('NaN');
  });

  it('does not call a model that falls apart a drifting one without saying so', () => {
    const { headline, findings } = told([{ name: 'off', start: 0.9, slope: -0.05, abilityLoss: 0.04 }]);
    expect(findings).toMatch(/Under off ability falls too, from 0\.9\d to 0\.\d\d \(by \d\d %\)/);
    expect(headline).toMatch(/Under off ability falls by/);
  });

  it('names what harms early', () => {
    expect(
      told([
        { name: 'off', start: 0.9, slope: 0 },
        { name: 'strong', start: 0.5, slope: 0 },
      ]).findings,
    ).toMatch(/Less stable than off in rounds 1–3 already: strong/);
  });
});
