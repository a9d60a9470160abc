import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { analyse } from './analysis.js';
import { reportedContrasts, withChanges } from './contrasts.js';
import { effectWords } from './effect-words.js';
import { checkPlan, planCheckWords } from './plan-check.js';
import { reportFiles } from './report.js';
import type { StudyResult } from './study-result.js';
import { findings, headline } from './words.js';

const FEW = { resamples: 300 };

const PLANNED = simulateStudy({
  dialogues: 24,
  rounds: 12,
  analysis: {
    primary: 'late stability',
    contrasts: [
      { left: 'growing', right: 'off' },
      { left: 'growing', right: 'split .7' },
    ],
    margin: 0.05,
  },
});

/** Returns the study as if its specification had been edited after the first cell. */
const edited = (changes: Partial<StudyResult['spec']>): StudyResult => ({
  ...PLANNED,
  spec: { ...PLANNED.spec, ...changes },
});

const effectsOf = (study: StudyResult) => analyse(study, FEW)[0]!.effects;
const standings = (study: StudyResult) =>
  effectsOf(study)
    .filter(({ window }) => window === 'late')
    .map(({ arm, against, standing }) => `${arm}/${against}: ${standing}`);

describe('a report as planned', () => {
  it('says so, with the hash of the plan', () => {
    const { sha256 } = PLANNED.locked!;
    expect(planCheckWords(checkPlan(PLANNED))).toBe(
      `As planned: the analysis plan was locked before the first cell (SHA-256 ${sha256}). Its primary outcome is late stability.`,
    );
  });

  it('has the primary comparisons first, then the planned ones, then the others', () => {
    expect(effectsOf(PLANNED).map(({ standing }) => standing)).toEqual([
      ...Array(2).fill('primary'),
      ...Array(4).fill('planned'),
      ...Array(6).fill('after the fact'),
    ]);
    expect(standings(PLANNED)).toEqual([
      'growing/off: primary',
      'growing/split .7: primary',
      'split .7/off: after the fact',
      'control/off: after the fact',
    ]);
  });

  it('corrects the primary comparisons by themselves', () => {
    const effects = effectsOf(PLANNED);
    const primary = effects.filter(({ standing }) => standing === 'primary');
    const smaller = Math.min(...primary.map(({ p }) => p));
    expect(Math.min(...primary.map(({ pHolm }) => pHolm))).toBeCloseTo(2 * smaller, 12);
    const others = effects.filter(({ standing }) => standing !== 'primary');
    expect(Math.min(...others.map(({ pHolm }) => pHolm))).toBeCloseTo(
      Math.min(1, others.length * Math.min(...others.map(({ p }) => p))),
      12,
    );
  });

  it('begins with the primary outcome, in headline and findings', () => {
    const analysis = analyse(PLANNED, FEW)[0]!;
    expect(headline(analysis, PLANNED.spec)).toMatch(
      /^Primary outcome, stability in rounds 8–12: 2 of 2 contrasts show a difference, the largest growing against off: \+0\.\d\d \[.*, better\. The hold/,
    );
    expect(findings(analysis, PLANNED.spec)[0]).toMatch(
      /^Primary outcome, stability in rounds 8–12, corrected over its 2 contrasts\. More stable than off: growing \+.*\. More stable than split \.7: growing \+/,
    );
  });

  it('tells a primary comparison once, and says once which are not in the plan', () => {
    const analysis = analyse(PLANNED, FEW)[0]!;
    const others = findings(analysis, PLANNED.spec).slice(1);
    const after = others.filter((line) => /after the fact/i.test(line));
    expect(after).toEqual([
      expect.stringMatching(
        /^After the fact, because the locked plan does not have these comparisons\. More stable than off in rounds 8–12: split \.7 .*: control \(/,
      ),
    ]);
    expect(after[0]!.match(/after the fact/gi)).toHaveLength(1);
    expect(others.join('\n')).not.toMatch(/than off in rounds 8–12: [^.]*growing/);
    expect(headline(analysis, PLANNED.spec).match(/growing/g)).toHaveLength(1);
  });

  it('computes a contrast from its two arms alone', () => {
    const found = effectsOf(PLANNED).find(
      ({ against, window }) => against === 'split .7' && window === 'late',
    )!;
    const [, split, growing] = analyse(PLANNED, FEW)[0]!.courses;
    const difference = growing!.stability.late.value - split!.stability.late.value;
    expect(found.difference.value).toBeCloseTo(difference, 12);
    expect(found.odds.value).toBeGreaterThan(1);
    expect(found.odds.low).toBeLessThan(found.odds.value);
  });
});

describe('a report under another plan', () => {
  it.each<[string, Partial<StudyResult['spec']>, RegExp]>([
    ['other late rounds', { late: [6, 12] }, /the late rounds: rounds 6–12 here, rounds 8–12 in the plan/],
    ['other early rounds', { early: [1, 1] }, /the early rounds: round 1 here, rounds 1–3 in the plan/],
    [
      'another primary outcome',
      { primary: 'early stability' },
      /the primary outcome: early stability here, late stability in the plan/,
    ],
    ['more seeds', { seeds: [0, 1] }, /the seeds: 0, 1 here, 0 in the plan/],
    [
      'more dialogues',
      { sources: PLANNED.spec.sources.map((source) => ({ ...source, dialogues: 48 })) },
      /the dialogues: 48 of organism, from index 0, 12 rounds here, 24 of organism/,
    ],
    [
      'an arm of the plan left out',
      { arms: PLANNED.spec.arms.filter(({ name }) => name !== 'growing'), contrasts: [] },
      /growing against off, which the plan has, is not compared/,
    ],
  ])('is after the fact throughout: %s', async (_, changes, words) => {
    const study = edited(changes);
    const told = planCheckWords(checkPlan(study));
    expect(told).toMatch(/^After the fact: this report differs from the analysis plan/);
    expect(told).toMatch(words);
    expect(new Set(effectsOf(study).map(({ standing }) => standing))).toEqual(new Set(['after the fact']));
    const analysis = analyse(study, FEW)[0]!;
    expect(headline(analysis, study.spec)).not.toContain('Primary outcome');
  });

  it('says so plainly in page and Markdown', async () => {
    const files = await reportFiles(edited({ late: [6, 12] }), { ...FEW, dialogues: 1 });
    for (const { path, text } of files.slice(0, 2)) {
      expect(text.replaceAll('\\', ''), path).toContain(
        'After the fact: this report differs from the analysis plan',
      );
    }
  });

  it('keeps the primary outcome if it only has a further contrast', () => {
    const study = withChanges(PLANNED, { contrasts: ['control:split .7'] });
    expect(planCheckWords(checkPlan(study))).toContain('control against split .7 is not in the plan');
    expect(standings(study)).toContain('growing/off: primary');
    expect(standings(study)).toContain('control/split .7: after the fact');
    const analysis = analyse(study, FEW)[0]!;
    expect(findings(analysis, study.spec).join('\n')).toMatch(
      /^After the fact, .*Less stable than split \.7 in rounds 8–12: control −/m,
    );
  });

  it('does not take an arm that was redefined for that of the plan', () => {
    const study = edited({
      arms: PLANNED.spec.arms.map((arm) => (arm.name === 'growing' ? { ...arm, repeatEvery: 2 } : arm)),
    });
    expect(planCheckWords(checkPlan(study))).toContain(
      'the arm growing is not the arm of this name in the plan',
    );
    expect(standings(study)).not.toContain('growing/off: primary');
  });

  it('compares what the plan compares, also if the specification does not any more', () => {
    const study = edited({ contrasts: [] });
    expect(standings(study)).toEqual(standings(PLANNED));
  });

  it("has another margin, which is then not the plan's", async () => {
    const study = withChanges(PLANNED, { margin: 0.2 });
    expect(planCheckWords(checkPlan(study))).toContain('the equivalence margin: 0.2 here, 0.05 in the plan');
    const files = await reportFiles(study, { ...FEW, dialogues: 1 });
    const markdown = files.find(({ path }) => path === 'report.md')!.text;
    expect(markdown).toContain('smaller than 0.2, a margin that was given after the fact');
    expect(markdown).toContain('holdfast study report FOLDER --margin 0.2');
  });

  it('without a locked plan is after the fact', () => {
    const study = { ...PLANNED, locked: null };
    expect(planCheckWords(checkPlan(study))).toMatch(/^After the fact: no analysis plan was locked/);
    expect(new Set(effectsOf(study).map(({ standing }) => standing))).toEqual(new Set(['after the fact']));
  });
});

describe('contrasts of a report', () => {
  const text = ({ left, right }: { readonly left: string; readonly right: string }) => `${left}/${right}`;

  it('have each pair once, whatever its order', () => {
    const study = withChanges(PLANNED, { contrasts: ['off:growing', 'control:growing'] });
    expect(reportedContrasts(study).map(text)).toEqual([
      'growing/off',
      'growing/split .7',
      'control/growing',
      'split .7/off',
      'control/off',
    ]);
  });

  it('may have colons in the names of arms', () => {
    const renamed = edited({
      contrasts: [],
      arms: PLANNED.spec.arms.map((arm) =>
        arm.name === 'control' ? { ...arm, name: 'target random:1' } : arm,
      ),
    });
    const { spec } = withChanges(renamed, { contrasts: ['target random:1:off'] });
    expect(spec.contrasts).toEqual([{ left: 'target random:1', right: 'off' }]);
  });

  it.each([
    ['off', /E_USAGE: not two arms of the study: off/],
    ['off:off', /not two arms/],
    ['off:on', /not two arms/],
  ])('are refused if they do not name two arms: %s', (contrast, message) => {
    expect(() => withChanges(PLANNED, { contrasts: [contrast] })).toThrow(message);
  });

  it('have rounds that the study has, the late ones after the early ones', () => {
    expect(() => withChanges(PLANNED, { late: [8, 13] })).toThrow(/E_USAGE: not rounds of the study: 8-13/);
    expect(() => withChanges(PLANNED, { early: [1, 8] })).toThrow(/E_USAGE: early rounds end with 8/);
    expect(withChanges(PLANNED, { early: [1, 2] }).spec.early).toEqual([1, 2]);
    // A study of one round has no later ones, and other options leave its rounds alone.
    const short = edited({ early: [1, 1], late: [1, 1] });
    expect(withChanges(short, { margin: 0.1 }).spec.late).toEqual([1, 1]);
  });
});

describe('equivalence in words', () => {
  const words = (p: number | null, [value, low, high]: readonly [number, number, number], pHolm: number) =>
    effectWords(
      {
        difference: { value, low, high },
        clusters: 40,
        p: pHolm,
        pMean: pHolm,
        pHolm,
        equivalence: p === null ? null : { margin: 0.05, p, interval: { value, low, high } },
      },
      { name: 'off', atFloor: false },
    );

  it('is said only with a declared margin and a significant test', () => {
    expect(words(0.01, [0.01, -0.02, 0.03], 0.4)).toBe('equivalent: no difference of 0.05 or more (p .010)');
    expect(words(0.2, [0.01, -0.02, 0.03], 0.4)).toBe('no effect seen, at most 0.03');
    expect(words(null, [0.01, -0.02, 0.03], 0.4)).toBe('no effect seen, at most 0.03');
  });

  it('does not hide a small difference that was seen', () => {
    expect(words(0.01, [0.02, 0.01, 0.03], 0.01)).toBe('better, by less than 0.05');
  });
});
