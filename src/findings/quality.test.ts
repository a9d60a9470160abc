import { describe, expect, it } from 'vitest';
import { simulateStudy, type TrueArm } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { qualityVerdict } from './quality.js';
import { tablesOf } from './tables.js';
import { findings, headline } from './words.js';

const OFF: TrueArm = { name: 'off', start: 0.8, slope: 0 };
const BROKEN: TrueArm = { name: 'knocked out', start: 0.8, slope: 0, ability: 0.15, kl: 1, lift: 2 };

function analysisOf(arms: readonly TrueArm[], dialogues = 40) {
  const study = simulateStudy({ arms, dialogues, rounds: 12, unlike: 0 });
  const analysis = analyse(study, { resamples: 1000 })[0]!;
  const verdicts = Object.fromEntries(
    analysis.quality.map((check) => [`${check.arm}: ${check.quality}`, qualityVerdict(check)]),
  );
  return { study, analysis, verdicts, told: findings(analysis, study.spec).join('\n') };
}

describe('the quality of an arm', () => {
  it('is broken beside off if it is lost from the first round on, which is no fall', () => {
    const { told, verdicts } = analysisOf([OFF, BROKEN]);
    expect(verdicts).toMatchObject({
      'knocked out: ability': 'broken',
      'knocked out: perplexity': 'broken',
      'knocked out: fluency': 'unclear',
    });
    expect(told).toMatch(
      /Broken beside off: knocked out \(ability 0\.1\d against 0\.9\d, perplexity \d+\.\d\d against \d\.\d\d.*\)/,
    );
    expect(told).not.toMatch(/lose more than a tenth/);
  });

  it('is in the headline of an arm that gains stability', () => {
    const { study, analysis } = analysisOf([
      { ...OFF, slope: -0.04 },
      { ...BROKEN, start: 0.9 },
    ]);
    expect(headline(analysis, study.spec)).toMatch(
      /knocked out gains \+0\.\d\d .*, but it is broken: ability 0\.1\d against 0\.9\d/,
    );
  });

  it('is worse, not broken, if at most a tenth is lost', () => {
    const { verdicts, told } = analysisOf([OFF, { ...OFF, name: 'mild', kl: 0.04, lift: 1.2 }]);
    expect(verdicts['mild: perplexity']).toBe('worse');
    expect(told).toMatch(/Worse than off, by at most 10 % of its value: mild \(perplexity/);
  });

  it('is unclear if nothing differs, and better if perplexity is lower', () => {
    expect(analysisOf([OFF, { ...OFF, name: 'control', lift: 1 }]).verdicts).toEqual({
      'control: ability': 'unclear',
      'control: fluency': 'unclear',
      'control: perplexity': 'unclear',
      'control: choice': 'unclear',
    });
    const { verdicts } = analysisOf([
      { ...OFF, kl: 0.2 },
      { ...OFF, name: 'sharper', lift: 1 },
    ]);
    expect(verdicts['sharper: perplexity']).toBe('better');
  });

  it('is compared with the untouched arm, also if another one is the baseline', () => {
    const { analysis, told } = analysisOf([BROKEN, OFF]);
    expect(new Set(analysis.quality.map(({ arm, beside }) => `${arm} beside ${beside}`))).toEqual(
      new Set(['knocked out beside off']),
    );
    expect(told).toMatch(/Broken beside off: knocked out/);
  });

  it('is corrected for all checks of the study, a family of its own', () => {
    const { analysis } = analysisOf([OFF, BROKEN, { ...OFF, name: 'mild', kl: 0.04, lift: 1.2 }]);
    const smallest = analysis.quality.toSorted((a, b) => a.p - b.p)[0]!;
    expect(analysis.quality).toHaveLength(8);
    expect(smallest.pHolm).toBeCloseTo(8 * smallest.p, 12);
  });

  it('is a table with a row for each check', () => {
    const { study, analysis } = analysisOf([OFF, BROKEN]);
    const table = tablesOf(analysis, study.spec).find(({ name }) => name === 'quality')!;
    expect(table.rows.map(([arm, quality]) => `${arm} ${quality}`)).toEqual([
      'knocked out ability',
      'knocked out fluency',
      'knocked out perplexity',
      'knocked out choice',
    ]);
    expect(table.rows[0]!.at(-1)).toBe('broken');
  });

  it('cannot be told from few dialogues', () => {
    const { verdicts } = analysisOf([OFF, BROKEN], 4);
    expect(verdicts['knocked out: ability']).toBe('unclear');
  });
});
