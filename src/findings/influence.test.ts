import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import type { InfluenceRecord, StudySpec } from '../study/index.js';
import { lockedAnalysisOf } from '../study/plan/index.js';
import { analyse } from './analysis.js';
import { checkPlan } from './plan-check.js';
import { reportFiles } from './report.js';
import type { KeptRecord, StudyResult } from './study-result.js';
import { headline } from './words.js';

const FEW = { resamples: 400 };
const RATIO = { off: 1, growing: 1.5, 'split .7': 2, control: 1 } as Readonly<Record<string, number>>;

/** The influence of a dialogue's prompt in a round: it halves in four rounds, and differs between dialogues. */
const trueInfluence = (index: number, round: number, arm: string): number =>
  (1 + 0.3 * Math.sin(index)) * 2 ** (-round / 4) * (round > 4 ? RATIO[arm]! : 1);

/**
 * Simulates a study whose influence is known.
 * @param likeObedience makes the influence of an answer follow its obedience, within each round
 */
function simulated(primary: 'late influence' | null, likeObedience = false): StudyResult {
  const study = simulateStudy({ dialogues: 24, rounds: 12, analysis: { primary, late: [7, 12] } });
  const influence: InfluenceRecord[] = study.records.flatMap((record) => {
    if (record.kind !== 'dialogue' || record.index >= 20) return [];
    const { model, executor, precision, source, arm, seed, index, scenario, system } = record;
    const off = study.records.find(
      (each) => each.kind === 'dialogue' && each.arm === 'off' && each.index === index,
    );
    const rounds = record.rounds.map(({ round }, at) => {
      const obeys = off?.kind === 'dialogue' && likeObedience ? off.rounds[at]!.obedience! : 0;
      const count = 10 + index;
      return { round, sum: count * (trueInfluence(index, round, arm) + obeys), count };
    });
    return [
      {
        kind: 'influence',
        ...{ model, executor, precision, source, arm, seed, index, scenario, system },
        references: [
          { name: 'others', system: 'Another.', rounds },
          { name: 'none', system: null, rounds: rounds.map((each) => ({ ...each, sum: each.sum / 2 })) },
        ],
        forwardedTokens: 900,
        forwardPasses: 36,
      },
    ];
  });
  const spec = {
    ...study.spec,
    influence: { dialogues: 20, references: ['others', 'none'] as const, rounds: null },
  };
  // A simulated specification is a whole one.
  const locked = lockedAnalysisOf(spec as unknown as StudySpec);
  return { ...study, spec, locked, records: [...study.records, ...influence] };
}

const STUDY = simulated('late influence');
const [FOUND] = analyse(STUDY, FEW);
const influence = FOUND!.influence!;

describe('an arm without dialogues of its own', () => {
  const unled = {
    ...STUDY,
    records: STUDY.records.filter(({ kind, arm }) => kind !== 'dialogue' || arm === 'off'),
    spec: {
      ...STUDY.spec,
      arms: STUDY.spec.arms.map((arm) =>
        arm.name === 'off' ? arm : { ...arm, measure: ['costs', 'influence'] as const },
      ),
    },
  };

  it('has the same influence and costs as with them, and no number that needs them', () => {
    const [found] = analyse(unled, FEW);
    expect(found!.influence!.arms).toEqual(influence.arms);
    expect(found!.influence!.trades).toEqual(influence.trades);
    expect(found!.courses.map(({ name }) => name)).toEqual(['off']);
    for (const [at, cost] of FOUND!.costs.entries()) {
      const own = found!.costs[at]!;
      expect(own).toMatchObject({ name: cost.name, kl: cost.kl, perplexityRatio: cost.perplexityRatio });
      const led = cost.name === 'off';
      expect([own.contextTokens, own.forwardedTokens, own.forwardPasses].every((each) => each === null)).toBe(
        !led,
      );
    }
  });

  it('is in the report, with dashes', async () => {
    const files = await reportFiles(unled, FEW);
    const report = String(files.find(({ path }) => path === 'report.md')!.text);
    expect(report).toMatch(/\| split \.7 \| 0\.\d+ \[.* \| – \| – \| – \| /);
    expect(report).toContain(String.raw`measure: \[costs, influence\]`);
    expect(report).not.toContain('NaN');
  });
});

describe('the analysis of influence', () => {
  it('has the true means, half-life and ratios, with intervals over prompts', () => {
    const [off] = influence.arms;
    expect(influence.arms.map(({ reference, name }) => `${reference} ${name}`)).toEqual([
      ...['off', 'split .7', 'growing', 'control'].map((arm) => `others ${arm}`),
      ...['off', 'split .7', 'growing', 'control'].map((arm) => `none ${arm}`),
    ]);
    for (const { round, value, low, high } of off!.rounds) {
      const truth = Array.from({ length: 20 }, (_, index) => trueInfluence(index, round, 'off'));
      expect(value).toBeCloseTo(truth.reduce((sum, each) => sum + each, 0) / 20, 6);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
    expect(off!.halfLife.value).toBeCloseTo(4, 6);
    expect(off!.ratio).toBeNull();
    const ratios = influence.arms.slice(1, 4).map(({ ratio }) => ratio!);
    expect(ratios.map(({ value }) => value)).toEqual([2, 1.5, 1].map((ratio) => expect.closeTo(ratio, 6)));
    // Paired on the same answers, the ratio does not vary.
    for (const { value, low } of ratios) expect(Number.isNaN(low) || Math.abs(low - value) < 1e-6).toBe(true);
    expect(off).toMatchObject({ dialogues: 20, forwardedTokens: 900, forwardPasses: 36 });
    expect(influence.arms[4]!.late.value).toBeCloseTo(off!.late.value / 2, 6);
  });

  it('tests the primary outcome beside the first reference as a family of its own', () => {
    const primary = influence.effects.filter(({ standing }) => standing === 'primary');
    expect(primary.map(({ arm, reference, window }) => `${arm} ${reference} ${window}`)).toEqual([
      'split .7 others late',
      'growing others late',
      'control others late',
    ]);
    expect(FOUND!.effects.some(({ standing }) => standing === 'primary')).toBe(false);
    const split = primary[0]!;
    expect(split.difference.low).toBeGreaterThan(0);
    expect(split.pHolm).toBeLessThan(0.05);
    expect(headline(FOUND!, STUDY.spec)).toMatch(
      /^Primary outcome, influence of the prompt .* in rounds 7–12: /,
    );
    expect(headline(FOUND!, STUDY.spec)).toContain('the clearest of 3 contrasts');
  });

  it('leaves the tests of stability as they are', () => {
    const { spec, records } = simulated(null);
    const bare = { ...STUDY, spec: { ...spec, influence: null }, locked: null };
    const without = records.filter(({ kind }) => kind !== 'influence');
    const [alone] = analyse({ ...bare, records: without }, FEW);
    const [beside] = analyse({ ...bare, records }, FEW);
    expect(alone!.influence).toBeNull();
    expect(beside!.effects).toEqual(alone!.effects);
  });

  it('says what a report measures otherwise than the plan', () => {
    const other = { ...STUDY, spec: { ...STUDY.spec, influence: null } };
    expect(checkPlan(other).changes).toContain(
      'how influence is measured: not at all here, 20 dialogues, beside others, none, every round in the plan',
    );
    expect(checkPlan(STUDY).changes).toEqual([]);
  });

  it('finds that influence follows obedience within a round, and nothing where it only falls with it', () => {
    const [unlike] = influence.correlations;
    expect(unlike).toMatchObject({ reference: 'others', judged: 'obedience', answers: 240 });
    expect(unlike!.givenRound.low).toBeLessThan(0);
    expect(unlike!.givenRound.high).toBeGreaterThan(0);
    const [like] = analyse(simulated(null, true), FEW)[0]!.influence!.correlations;
    expect(like!.givenRound.low).toBeGreaterThan(0.5);
    expect(like!.givenDialogue.low).toBeGreaterThan(0.5);
    // Here the level of a dialogue decides its rank in every round, which leaves nothing given the dialogue.
    expect(unlike!.givenDialogue.value).toBeNaN();
  });

  it('puts late influence against KL divergence', () => {
    expect(influence.trades.map(({ name }) => name)).toContain('split .7');
    const split = influence.trades.find(({ name }) => name === 'split .7')!;
    expect(split.benefit.value).toBeCloseTo(influence.arms[1]!.late.value, 9);
  });

  it('is in the report: tables, figures and sentences', async () => {
    const files = new Map((await reportFiles(STUDY, FEW)).map(({ path, text }) => [path, text]));
    const paths = [...files.keys()];
    for (const name of ['influence', 'influence-differences', 'influence-judged', 'influence-rounds']) {
      expect(paths).toContain(`tables/${name}.csv`);
    }
    for (const name of ['influence', 'influence-front']) {
      expect(paths).toContain(`figures/tiny-organism-${name}.svg`);
    }
    for (const path of ['report.md', 'index.html']) {
      expect(files.get(path)).toContain('half-life in rounds: 4.0');
      expect(files.get(path)).toContain(': split .7 2.00');
    }
  });

  it('keeps the total influence apart from the direct one', async () => {
    const total = STUDY.records.flatMap((record): KeptRecord[] => {
      if (record.kind !== 'influence' || record.arm === 'control') return [];
      const references = record.references.map((each) => ({
        ...each,
        rounds: each.rounds.map(({ round, sum, count }) => ({ round, sum: 3 * sum, count })),
      }));
      return [{ ...record, references, effect: 'total' }];
    });
    const study = { ...STUDY, records: [...STUDY.records, ...total] };
    const { total: found, ...others } = analyse(study, FEW)[0]!.influence!;
    expect({ ...others, total: [] }).toEqual(influence);
    expect(found.map(({ name, reference }) => `${name}, ${reference}`)).toEqual(
      ['others', 'none'].flatMap((reference) =>
        influence.arms
          .filter((arm) => arm.reference === reference && arm.name !== 'control')
          .map(({ name }) => `${name}, ${reference}`),
      ),
    );
    expect(found[0]!.late.value).toBeCloseTo(3 * influence.arms[0]!.late.value, 9);
    for (const { ratio } of found) expect(ratio).toBeNull();
    const files = new Map((await reportFiles(study, FEW)).map(({ path, text }) => [path, text]));
    expect(files.get('tables/influence-total.csv')).toContain('split .7');
    expect(files.get('tables/influence-total-rounds.csv')).toContain('split .7');
    expect(files.get('report.md')).toContain(
      "- Total influence of the prompt (beside another dialogue's prompt)",
    );
  });

  it('compares only dialogues that every measured arm has, and skips answers without tokens', () => {
    const records = STUDY.records.flatMap((record): KeptRecord[] => {
      if (record.kind !== 'influence') return [record];
      if (record.arm === 'growing' && record.index === 3) return [];
      const [first] = record.references;
      const rounds = first!.rounds.map((each) =>
        record.index === 5 && each.round === 12 ? { round: 12, sum: 0, count: 0 } : each,
      );
      return [{ ...record, references: [{ ...first!, rounds }] }];
    });
    const [found] = analyse({ ...STUDY, records }, FEW);
    const [off] = found!.influence!.arms;
    expect(off!.dialogues).toBe(19);
    const kept = [...Array(20).keys()].filter((index) => index !== 3 && index !== 5);
    const truth = kept.map((index) => trueInfluence(index, 12, 'off'));
    expect(off!.rounds.at(-1)!.value).toBeCloseTo(truth.reduce((a, b) => a + b, 0) / 18, 9);
  });
});
