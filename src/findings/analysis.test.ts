import { describe, expect, it } from 'vitest';
import { HEADS, LAYERS, simulateStudy, TRUE_ARMS, type TrueArm } from '../../test/support/simulated-study.js';
import type { Estimate } from '../statistics/index.js';
import type { CostRecord } from '../study/index.js';
import { analyse, type SliceAnalysis } from './analysis.js';

const FEW = { resamples: 600 };

/** Whether an interval, widened by half, contains the true value: true for nearly every seed. */
function expectNear({ value, low, high }: Estimate, truth: number, what: string): void {
  const room = 0.75 * (high - low);
  expect(Math.abs(value - truth), `${what}: ${value} [${low}, ${high}], true ${truth}`).toBeLessThan(room);
}

const only = (analyses: readonly SliceAnalysis[]): SliceAnalysis => {
  expect(analyses).toHaveLength(1);
  return analyses[0]!;
};

describe('the analysis of a study whose true values are known', () => {
  const found = only(analyse(simulateStudy(), FEW));
  const courseOf = (arm: string) => found.courses.find(({ name }) => name === arm)!;
  const effectOf = (arm: string, window: string) =>
    found.effects.find((effect) => effect.arm === arm && effect.window === window)!;

  it('finds the slope of every arm', () => {
    for (const { name, slope } of TRUE_ARMS) expectNear(courseOf(name).slope, slope, name);
  });

  it('finds stability early and late', () => {
    for (const { name, start, slope } of TRUE_ARMS) {
      const { early, late, change } = courseOf(name).stability;
      expectNear(early, start + slope, `${name} early`);
      expectNear(late, start + 11 * slope, `${name} late`);
      expect(change.value).toBeCloseTo(late.value - early.value, 12);
    }
  });

  it('finds effects where they exist, and only there', () => {
    expectNear(effectOf('growing', 'late').difference, 11 * 0.025, 'growing');
    expect(effectOf('growing', 'late').pHolm).toBeLessThan(0.02);
    expect(effectOf('split .7', 'late').difference.low).toBeGreaterThan(0);
    // The control uses the same random draws as off.
    expect(effectOf('control', 'late')).toMatchObject({ difference: { value: 0 }, p: 1, detectable: null });
  });

  it('corrects every p for all others, and gives the smallest detectable effect', () => {
    expect(found.effects).toHaveLength(9);
    for (const { p, pHolm } of found.effects) expect(pHolm).toBeGreaterThanOrEqual(p);
    const { detectable, difference, clusters } = effectOf('growing', 'last');
    expect(clusters).toBe(48);
    // An effect found with power 0.8 is 2.8 standard errors from zero; an interval's end is 1.96 from its middle.
    expect(detectable! / ((difference.high - difference.low) / 2)).toBeCloseTo(2.8 / 1.96, 0);
  });

  it('reads timings and held-out items correctly', () => {
    const [off, split] = found.costs;
    expect(off).toMatchObject({ kl: { value: 0 }, perplexityRatio: { value: 1 }, timeRatio: { value: 1 } });
    expectNear(split!.kl!, 0.04, 'KL');
    expect(split!.perplexityRatio!.value).toBeCloseTo(Math.exp(0.04), 9);
    expect(split!.timeRatio!.value).toBeCloseTo(1.02, 9);
    expect(split!.forwardPasses!.value).toBe(300);
    expect(split!.contextTokens!.value).toBe(40 + 36 * 16);
    expect(off!.accuracyDifference!.value).toBe(0);
  });

  it('finds the arms that no other arm beats at the same cost', () => {
    expect(found.trades.map(({ name, onFront }) => [name, onFront])).toEqual([
      ['off', true],
      ['split .7', true],
      ['control', false],
      ['growing', true],
    ]);
  });

  it('maps heads by layer, with the remaining part of their share', () => {
    const { early, left } = found.heads!;
    expect(early).toHaveLength(LAYERS);
    expect(early[0]).toHaveLength(HEADS);
    expect(early[2]![3]! / early[0]![0]!).toBeCloseTo((0.5 + 11 / 12) / 0.5, 9);
    for (const row of left) for (const part of row) expect(part).toBeLessThan(0.6);
  });

  it('correlates share and stability over rounds and over dialogues', () => {
    const [off] = found.correlations;
    expect(off!.overRounds.low).toBeGreaterThan(0.5);
    expect(off!.overDialogues.high).toBeGreaterThan(0);
  });

  it('computes stability by group and by what probes ask about', () => {
    expect(courseOf('off').parts.map(({ kind, name }) => `${kind}: ${name}`)).toEqual([
      'group: pattern',
      'group: persona',
      'asked about: end',
      'asked about: name',
    ]);
    const parts = courseOf('off').parts.filter(({ kind }) => kind === 'group');
    const mean = parts.reduce((sum, { stability }) => sum + stability.late.value / 2, 0);
    expect(mean).toBeCloseTo(courseOf('off').stability.late.value, 12);
  });
});

describe('the analysis of a study', () => {
  it('separates models and sources', () => {
    const study = simulateStudy({ sources: ['organism', 'self-chat'], dialogues: 10, rounds: 4 });
    const found = analyse(study, FEW);
    expect(found.map(({ slice }) => slice.labels.source)).toEqual(['organism', 'self-chat']);
    expect(found[0]!.courses[0]!.sample).toEqual({ dialogues: 10, prompts: 10, clusters: 10 });
  });

  it('is robust to a dialogue that had to wait', () => {
    const study = simulateStudy({ dialogues: 9, rounds: 4 });
    const timings = study.timings.map((timing, at) =>
      at === 0 ? { ...timing, totalMs: 50 * timing.totalMs } : timing,
    );
    const { costs } = only(analyse({ ...study, timings }, FEW));
    expect(costs.find(({ name }) => name === 'growing')!.timeRatio!.value).toBeCloseTo(1.02, 9);
  });

  it('uses the costs of a source for that source only', () => {
    const study = simulateStudy({ sources: ['organism', 'self-chat'], dialogues: 6, rounds: 4 });
    const records = study.records.map((record) =>
      record.kind === 'cost' && record.source === 'self-chat' ? { ...record, sum: 2 * record.sum } : record,
    );
    const klOf = ({ costs }: SliceAnalysis) => costs.find(({ name }) => name === 'growing')!.kl!.value;
    const [organism, selfChat] = analyse({ ...study, records }, FEW);
    expect(klOf(selfChat!)).toBeCloseTo(2 * klOf(organism!), 12);
  });

  it('has KL by round over the held-out dialogues that every arm has it of', () => {
    const study = simulateStudy({ dialogues: 6, rounds: 4 });
    const klRoundsOf = (lacks: (record: CostRecord) => boolean) => {
      const records = study.records.map((record) => {
        if (record.kind !== 'cost' || record.measure !== 'kl' || lacks(record)) return record;
        const { sum, count } = record;
        // Every second item has a second round, with twice the divergence a token.
        const second = record.index % 2 === 0 ? [{ round: 2, sum: 2 * sum, count }] : [];
        return { ...record, rounds: [{ round: 1, sum, count }, ...second] };
      });
      const { costs } = only(analyse({ ...study, records }, FEW));
      return costs.find(({ name }) => name === 'growing')!;
    };
    const whole = klRoundsOf(() => false);
    const [first, second] = whole.klRounds;
    expect(whole.klRounds.map(({ round }) => round)).toEqual([1, 2]);
    expect(first).toEqual({ round: 1, ...whole.kl });
    const own = study.records.flatMap((record) =>
      record.kind === 'cost' && record.measure === 'kl' && record.arm === 'growing' ? [record] : [],
    );
    const mean = (records: readonly CostRecord[]) =>
      records.reduce((sum, record) => sum + record.sum, 0) /
      records.reduce((sum, { count }) => sum + count, 0);
    expect(second!.value).toBeCloseTo(2 * mean(own.filter(({ index }) => index % 2 === 0)), 12);
    // One arm's cell is of an older version.
    const older = klRoundsOf(({ arm, index }) => arm === 'off' && index % 2 === 0);
    expect(older.klRounds.map(({ round }) => round)).toEqual([1]);
    expect(older.klRounds[0]!.value).toBeCloseTo(mean(own.filter(({ index }) => index % 2 === 1)), 12);
    expect(klRoundsOf(() => true).klRounds).toEqual([]);
  });

  it('computes single arms on the dialogues that all have, and differences on those that both have', () => {
    const study = simulateStudy({ dialogues: 12, rounds: 10 });
    const without = (least: number) => ({
      ...study,
      records: study.records.filter(
        (record) => record.kind !== 'dialogue' || record.arm !== 'growing' || record.index >= least,
      ),
    });
    const { courses, effects, slice, trades } = only(analyse(without(6), FEW));
    expect(courses.map(({ sample }) => sample.dialogues)).toEqual([6, 6, 6, 6]);
    expect(slice).toMatchObject({ leftOut: 6, sample: { dialogues: 6, prompts: 6, clusters: 6 } });
    const clustersOf = (name: string) => effects.filter(({ arm }) => arm === name).map((e) => e.clusters);
    expect(clustersOf('growing')).toEqual([6, 6, 6]);
    expect(clustersOf('split .7')).toEqual([12, 12, 12]);
    // The courses and the front equal those of a study with only the shared dialogues.
    const shared = study.records.filter((record) => record.kind !== 'dialogue' || record.index >= 6);
    const alone = only(analyse({ ...study, records: shared }, FEW));
    expect(courses).toEqual(alone.courses);
    expect(trades).toEqual(alone.trades);
  });

  it('keeps the name of a baseline that was not run, and computes no differences', () => {
    const study = simulateStudy({ dialogues: 6, rounds: 4 });
    const records = study.records.filter((record) => record.kind !== 'dialogue' || record.arm !== 'off');
    const { courses, baseline, effects, costs, heads, slice } = only(analyse({ ...study, records }, FEW));
    expect(slice.baseline).toBe('off');
    expect(courses.map(({ name }) => name)).toEqual(['split .7', 'growing', 'control']);
    expect({ baseline, effects, heads }).toEqual({ baseline: null, effects: [], heads: null });
    for (const cost of costs) {
      expect(cost).toMatchObject({ perplexityRatio: null, accuracyDifference: null, timeRatio: null });
    }
  });

  it('takes the floor from the untouched arm, whatever its position', () => {
    const arms: readonly TrueArm[] = [
      { name: 'held', start: 0.9, slope: 0, lift: 2 },
      { name: 'off', start: 0.03, slope: 0 },
    ];
    const { floor } = only(analyse(simulateStudy({ arms, dialogues: 40, rounds: 3 }), FEW));
    expect(floor?.arm).toBe('off');
  });

  it('computes a group from its own scenarios, and no interval for fewer than five', () => {
    const partsOf = (dialogues: number) =>
      only(
        analyse(simulateStudy({ arms: TRUE_ARMS.slice(0, 1), dialogues, rounds: 10 }), FEW),
      ).courses[0]!.parts.filter(({ kind }) => kind === 'group');
    for (const { stability } of partsOf(8)) {
      expect(stability.late.value).toBeGreaterThan(0);
      expect(stability.late.low).toBeNaN();
    }
    // A group's interval equals that of a study with no other group.
    const study = simulateStudy({ arms: TRUE_ARMS.slice(0, 1), dialogues: 24, rounds: 10 });
    const pattern = study.records.filter(
      (record) => record.kind === 'dialogue' && record.group === 'pattern',
    );
    const whole = only(analyse({ ...study, records: pattern }, FEW)).courses[0]!.stability;
    expect(partsOf(24).find(({ name }) => name === 'pattern')!.stability).toEqual(whole);
  });

  it('finds that a model that does not obey at the start is at the floor', () => {
    const at = (start: number) =>
      only(
        analyse(simulateStudy({ arms: [{ name: 'off', start, slope: 0 }], dialogues: 40, rounds: 3 }), FEW),
      );
    expect(at(0.05).floor).toMatchObject({ arm: 'off', first: { round: 1 } });
    expect(at(0.3).floor).toBeNull();
  });

  it('does not depend on the order in which cells finished', () => {
    const study = simulateStudy({ dialogues: 8, rounds: 4 });
    const turned = { ...study, records: [...study.records].reverse(), timings: [...study.timings].reverse() };
    const numbers = (result: typeof study) => analyse(result, FEW).map(({ slice: _, ...rest }) => rest);
    expect(numbers(turned)).toEqual(numbers(study));
  });
});
