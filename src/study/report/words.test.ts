import { describe, expect, it } from 'vitest';
import { simulateStudy, type TrueArm } from '../../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { effectWords, findings, headline } from './words.js';

function told(arms: readonly TrueArm[], dialogues = 40) {
  const study = simulateStudy({ arms, dialogues, rounds: 12, unlike: 0 });
  const analysis = analyse(study, { resamples: 400 })[0]!;
  return { headline: headline(analysis, study.spec), findings: findings(analysis, study.spec).join('\n') };
}

const effect = (value: number, low: number, high: number, pHolm: number) => ({
  difference: { value, low, high },
  pHolm,
});

describe('an effect in words', () => {
  it('is called one only off zero and after correction', () => {
    expect(effectWords(effect(0.2, 0.1, 0.3, 0.01))).toBe('better');
    expect(effectWords(effect(-0.2, -0.3, -0.1, 0.01))).toBe('worse');
    expect(effectWords(effect(0.2, 0.1, 0.3, 0.2))).toBe('better, but not after correction');
  });

  it('is otherwise as large as its interval reaches, rounded up', () => {
    expect(effectWords(effect(0.01, -0.031, 0.05, 1))).toBe('no effect seen, smaller than 0.05');
    expect(effectWords(effect(0.01, -0.071, 0.05, 1))).toBe('no effect seen, smaller than 0.08');
    expect(effectWords(effect(0, 0, 0, 1))).toBe('no difference at all');
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
    expect(findings).not.toMatch(/More stable/);
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
