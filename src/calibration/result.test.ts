import { describe, expect, it } from 'vitest';
import {
  controlNamed,
  parsed,
  type Simulated,
  simulatedPromptStudy,
} from '../../test/support/prompt-study.js';
import { holdOptions, holdText, readHold } from '../dialogue/index.js';
import type { StudyResult } from '../findings/index.js';
import { auditOf } from './audit.js';
import { auditFiles, auditWords } from './audit-page.js';
import { calibrationFiles, triedTable } from './calibration-page.js';
import { type Calibration, chosenIn, confirmedIn, helps, holdOf } from './result.js';
import { dearerWords, verdictWords } from './words.js';

const INFLUENCE = { outcome: 'influence', reference: 'others' } as const;
const STABILITY = { outcome: 'stability', reference: '' } as const;
const BUDGET = 0.02;
const FACTS = {
  library: '0.1.0',
  date: '2026-11-29',
  model: { name: 'small', hash: 'a'.repeat(64), layers: 6, heads: 5 },
  prompt: 'b'.repeat(64),
  executor: 'cpu',
  precision: 'auto',
};

/** Chooses among arms, and confirms the choice with the same effect or another one. */
function calibrated(
  arms: Simulated['arms'],
  confirmed?: { readonly gain: number; readonly control?: number },
  outcome = INFLUENCE as typeof INFLUENCE | typeof STABILITY,
): Calibration {
  const tried = simulatedPromptStudy({ arms, dialogues: 8 });
  const choosing = chosenIn(tried, outcome, BUDGET);
  const { name } = choosing.choice;
  const effect = arms.find((arm) => arm.name === name);
  const confirmation =
    name === null
      ? null
      : confirmedIn(
          simulatedPromptStudy({
            arms: [{ ...(effect ?? { name, gain: 0, cost: 0 }), ...confirmed }],
            dialogues: 16,
            seed: 2,
          }),
          outcome,
        );
  const arm = name === null ? null : parsed(name);
  return { outcome: outcome.outcome, budget: BUDGET, rounds: 6, choosing, arm, confirmation };
}

const WEAK = { name: 'split-softmax, k = 0.85', gain: 0.2, cost: 0.004 };
const GOOD = { name: 'split-softmax, k = 0.7', gain: 0.4, cost: 0.01 };
const DEAR = { name: 'split-softmax, k = 0.4', gain: 0.9, cost: 0.08 };

describe('a calibration', () => {
  it.each([INFLUENCE, STABILITY])('finds the best setting within the budget, by %j', (outcome) => {
    const found = calibrated([WEAK, GOOD, DEAR], undefined, outcome);
    expect(found.choosing.choice.name).toBe(GOOD.name);
    expect(helps(found.confirmation!)).toBe(true);
    const hold = holdOf(found, FACTS);
    expect(hold).toMatchObject({
      verdict: 'helps',
      settings: { policy: 'split-softmax', schedule: { kind: 'constant', strength: 0.7 }, target: 'message' },
      evidence: {
        tested: GOOD.name,
        budget: BUDGET,
        rounds: 6,
        chosenOn: { dialogues: 8, prompts: 1 },
        testedOn: { dialogues: 16, prompts: 1 },
      },
    });
    expect(hold.evidence!.gain!.low).toBeGreaterThan(0);
    expect(hold.evidence!.cost!.high).toBeLessThanOrEqual(BUDGET);
    expect(readHold(JSON.parse(holdText(hold)))).toEqual(hold);
    expect(holdOptions(hold)).toMatchObject({ policy: 'split-softmax' });
    expect(verdictWords(found)).toMatch(/^Yes: split-softmax, k = 0\.7 raises /);
    expect(dearerWords(found)).toMatch(/^A larger budget allows more: split-softmax, k = 0\.4 gains /);
    expect(dearerWords(calibrated([WEAK, GOOD]))).toBeNull();
  });

  it('gives a gain over nothing without a percentage', () => {
    const found = calibrated([GOOD]);
    const { off, ...confirmation } = found.confirmation!;
    const nothing = { ...off, late: { value: 0, low: 0, high: 0.2 } };
    const told = verdictWords({ ...found, confirmation: { ...confirmation, off: nothing } });
    expect(told).toMatch(/ from 0\.00 to \d\.\d\d, by \+0\.\d\d \[/);
    expect(told).not.toMatch(/Infinity|NaN| %/);
  });

  it('says that nothing helps where the gain is not there on other dialogues', () => {
    const found = calibrated([WEAK, GOOD], { gain: 0 });
    expect(found.choosing.choice.name).toBe(GOOD.name);
    expect(helps(found.confirmation!)).toBe(false);
    const hold = holdOf(found, FACTS);
    expect(hold).toMatchObject({ verdict: 'nothing helps', settings: { policy: 'off', schedule: null } });
    expect(hold.evidence!.tested).toBe(GOOD.name);
    expect(readHold(JSON.parse(holdText(hold)))).toEqual(hold);
    expect(verdictWords(found)).toMatch(
      /^Nothing was shown to help here: .* These are not both shown to be gains\.$/,
    );
  });

  it('says that nothing helps where no setting is within the budget, and names the cheapest', () => {
    const found = calibrated([DEAR]);
    expect(found.confirmation).toBeNull();
    expect(holdOf(found, FACTS)).toMatchObject({
      verdict: 'nothing helps',
      evidence: { tested: 'off', gain: null, testedOn: null },
    });
    expect(verdictWords(found)).toMatch(
      /^Nothing helps here: every setting may cost more .* split-softmax, k = 0\.4, costs 0\.08/,
    );
  });

  it('says that nothing helps where nothing gains, without a test', () => {
    const found = calibrated([{ ...WEAK, gain: -0.2 }]);
    expect(found.confirmation).toBeNull();
    expect(verdictWords(found)).toMatch(/^Nothing helps here: none of the 1 settings .* gains/);
    expect(holdOf(found, FACTS).verdict).toBe('nothing helps');
  });

  it('counts a gain of influence only beyond that of the control', () => {
    const loud = { ...GOOD, control: 0.4 };
    const found = calibrated([WEAK, loud]);
    expect(found.choosing.choice.name).toBe(WEAK.name);
    const [, { gain, beyond }] = found.choosing.tried as [unknown, (typeof found.choosing.tried)[number]];
    expect(gain.low).toBeGreaterThan(0.3);
    expect(beyond!.value).toBeCloseTo(0, 1);
    const [head, ...rows] = [
      triedTable(found).columns.map(({ heading }) => heading),
      ...triedTable(found).rows,
    ];
    expect(head).toContain('beyond a random span');
    expect(rows).toHaveLength(3);
    expect(verdictWords(found)).toMatch(
      / Beyond what the same policy gains on a random span: \+0\.\d+ .*\.$/,
    );
  });

  it('says that nothing helps where controls gain as much', () => {
    const found = calibrated([
      { ...WEAK, control: 0.25 },
      { ...GOOD, control: 0.45 },
    ]);
    expect(found.choosing.choice).toEqual({ name: null, why: 'gain' });
    expect(verdictWords(found)).toMatch(
      /^Nothing helps here: none of the 2 .* more than the same policy on a random span/,
    );
    expect(holdOf(found, FACTS).verdict).toBe('nothing helps');
  });

  it('says that nothing was shown to help where the control gains as much on other dialogues', () => {
    const found = calibrated([GOOD], { gain: 0.4, control: 0.4 });
    expect(helps(found.confirmation!)).toBe(false);
    expect(found.confirmation!.held.gain.low).toBeGreaterThan(0.3);
    expect(verdictWords(found)).toMatch(
      /^Nothing was shown to help here: .* by \+0\.4.* more than the same policy changes it on a random span\. These are not both shown/,
    );
    const { evidence, verdict } = holdOf(found, FACTS);
    expect(verdict).toBe('nothing helps');
    expect(evidence!.gain!.value).toBeCloseTo(0, 1);
    expect(evidence!.outcome).toMatch(/beyond that under the same policy on a random span/);
  });

  it('does not call a setting good because its control does harm', () => {
    const found = calibrated([{ ...GOOD, gain: -0.1, control: -0.4 }]);
    expect(found.choosing.tried[0]!.beyond!.low).toBeGreaterThan(0);
    expect(found.choosing.choice).toEqual({ name: null, why: 'gain' });
    expect(helps(calibrated([GOOD], { gain: 0, control: -0.4 }).confirmation!)).toBe(false);
  });

  it('does not compare with controls by rules', () => {
    const found = calibrated([{ ...GOOD, control: 0.5 }], undefined, STABILITY);
    expect(found.choosing.tried[0]!.beyond).toBeNull();
    expect(found.choosing.choice.name).toBe(GOOD.name);
  });

  it('compares in the rounds in which all controls act, and in none says so', () => {
    const late = calibrated([{ ...GOOD, idle: [1, 2, 3, 4] }]);
    expect(late.choosing.late).toEqual([5, 6]);
    expect(late.choosing.choice.name).toBe(GOOD.name);
    const never = calibrated([{ ...GOOD, idle: [1, 2, 3, 4, 5, 6] }]);
    expect(never.choosing.choice).toEqual({ name: null, why: 'control' });
    expect(verdictWords(never)).toMatch(/^Nothing helps here: the dialogues are too short for this prompt\./);
    expect(dearerWords(never)).toBeNull();
  });

  it('leaves out a setting that failed or whose control did, and says so', async () => {
    const study: StudyResult = simulatedPromptStudy({ arms: [WEAK, GOOD], dialogues: 8 });
    const gap = {
      ...study.records[0]!,
      arm: GOOD.name,
      measure: null,
      error: 'E_UNTOUCHED: no share changed',
    };
    const choosing = chosenIn({ ...study, gaps: [gap] } as StudyResult, INFLUENCE, BUDGET);
    expect(choosing.choice.name).toBe(WEAK.name);
    expect(choosing.failed).toEqual([{ name: GOOD.name, error: 'E_UNTOUCHED: no share changed' }]);
    const ofControl = { ...gap, arm: controlNamed(WEAK.name).name };
    expect(chosenIn({ ...study, gaps: [gap, ofControl] } as StudyResult, INFLUENCE, BUDGET).tried).toEqual(
      [],
    );
  });
});

describe('the pages', () => {
  const facts = {
    model: 'small',
    system: '<script>alert(1)</script>',
    record: [['model', 'small']] as const,
  };

  it('of a calibration has the verdict, both figures, every setting and the prompt, escaped', async () => {
    for (const found of [calibrated([WEAK, GOOD, DEAR]), calibrated([DEAR])]) {
      const files = await calibrationFiles(found, { ...facts, use: 'holdfast chat' });
      expect(files.map(({ path }) => path)).toEqual(['index.html', 'course.svg', 'front.svg']);
      const [page] = files;
      const verdict = verdictWords(found).replaceAll("'", '&#39;');
      expect(page!.text.includes(`<p class="headline">${verdict}</p>`)).toBe(true);
      // Each figure twice: wide, and for phones.
      expect(page!.text.match(/<svg/g)).toHaveLength(4);
      expect(page!.text.includes('<script>')).toBe(false);
      for (const { name } of found.choosing.tried) expect(page!.text.includes(name), name).toBe(true);
      expect(triedTable(found).rows).toHaveLength(1 + found.choosing.tried.length);
    }
  });

  it('of an audit has the verdict first, three figures and what to do next', async () => {
    const found = auditOf(simulatedPromptStudy({ arms: [], dialogues: 8, fall: 0.2 }));
    const files = await auditFiles(found, { ...facts, contextLength: 2048, next: 'holdfast calibrate' });
    expect(files.map(({ path }) => path)).toEqual([
      'index.html',
      'shares.svg',
      'influence.svg',
      'obedience.svg',
    ]);
    expect(files[0]!.text.includes('<pre>holdfast calibrate</pre>')).toBe(true);
    const [verdict] = auditWords(found, { contextLength: 2048 });
    expect(verdict).toMatch(
      /^The model loses this prompt: it is followed in 0\.\d\d of probes in rounds 1 to 2/,
    );
    expect(files[0]!.text.indexOf(verdict!)).toBeLessThan(files[0]!.text.indexOf('<svg'));
  });

  it('of an audit do not call a prompt lost that does not fall', () => {
    const found = auditOf(simulatedPromptStudy({ arms: [], dialogues: 8, fall: 0 }));
    expect(auditWords(found, { contextLength: 2048 }).join('\n')).toMatch(/No loss of this prompt was seen/);
    expect(auditWords(found, { contextLength: 2048 }).join('\n')).toMatch(
      /No fall of the prompt's influence was seen/,
    );
  });

  it.each([
    {
      score: 0,
      says: /^The model is not seen to follow this prompt, even at first: 0\.00 \[0\.00, 0\.\d+\] of probes/,
      next: 'No setting can hold',
    },
    {
      score: 1,
      says: /^No loss of this prompt was seen: it is followed in 1\.00 of probes/,
      next: 'Find out whether',
    },
  ])(
    'of an audit tell a prompt that is never followed from one that always is: $score',
    async ({ score, says, next }) => {
      const study = simulatedPromptStudy({ arms: [], dialogues: 5 });
      const records = study.records.map((record) => {
        if (record.kind !== 'dialogue') return record;
        const rounds = record.rounds.map((round) => ({
          ...round,
          probes: round.probes.map((probe) => ({ ...probe, score })),
        }));
        return { ...record, rounds };
      });
      const found = { ...auditOf({ ...study, records }), chance: 0 };
      expect(auditWords(found, { contextLength: 2048 })[0]).toMatch(says);
      const [page] = await auditFiles(found, { ...facts, contextLength: 2048, next: '' });
      expect(page!.text).toContain(`<p>${next}`);
    },
  );

  it('of an audit without rules begins with influence, and shows the use of the context', async () => {
    const study = simulatedPromptStudy({ arms: [], dialogues: 8, fall: 0.2, probed: false });
    const found = auditOf(study);
    expect(auditWords(found, { contextLength: 2048 })[0]).toMatch(
      /^This prompt loses its influence: in rounds 3 to 6, \d+ %/,
    );
    const files = await auditFiles(found, { ...facts, contextLength: 2048, next: '' });
    expect(files.map(({ path }) => path)).toContain('context.svg');
  });
});
