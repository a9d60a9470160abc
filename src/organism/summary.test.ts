import { describe, expect, it } from 'vitest';
import { armOf, recordOf, referenceOf } from '../../test/support/record-fixtures.js';
import { summarizeArm } from './summary.js';

const values = (byRound: Readonly<Record<number, { readonly value: number }>>): Record<string, number> =>
  Object.fromEntries(Object.entries(byRound).map(([round, { value }]) => [round, value]));

describe('the summary of an arm', () => {
  it('has the stability of each probed round, and its slope', () => {
    const { stability, slope } = summarizeArm(
      armOf([
        [recordOf(1, { end: 1, name: 1 }), recordOf(2, {}), recordOf(3, { end: 1, name: 0 })],
        [recordOf(1, { end: 1, keep: 0 }), recordOf(2, {}), recordOf(3, { end: 0, keep: 0 })],
      ]),
    );
    expect(values(stability)).toEqual({ 1: 0.75, 3: 0.25 });
    expect(slope.value).toBeCloseTo(-0.25, 12);
    // A bootstrap sample of two trials is the first twice, the second twice, or both: means of 1, 0.5 and 0.75.
    expect(stability[1]).toEqual({ value: 0.75, low: 0.5, high: 1 });
    // Two equal trials bound the slope of others hardly: it can be from −0.5 to 0.5.
    expect(slope.low).toBeLessThan(-0.4);
    expect(slope.high).toBeGreaterThan(0.3);
  });

  it('weights every score equally, however many a trial has', () => {
    const trials = [[recordOf(1, { end: 1, name: 1, keep: 1 })], [recordOf(1, { end: 0 })]];
    expect(summarizeArm(armOf(trials)).stability[1]!.value).toBe(0.75);
  });

  it('has the stability of each family, including those first probed late', () => {
    const { families } = summarizeArm(
      armOf([
        [recordOf(1, {}), recordOf(2, { end: 1, name: 0 }), recordOf(3, { end: 0, name: 0 })],
        [recordOf(1, {}), recordOf(2, { end: 0, keep: 1 }), recordOf(3, { end: 0, keep: 1 })],
      ]),
    );
    expect(families).toEqual({ end: { 2: 0.5, 3: 0 }, keep: { 2: 1, 3: 1 }, name: { 2: 0, 3: 0 } });
  });

  it('averages ability over rounds about a topic, and obedience over rounds where it shows', () => {
    const followed = (score: number) => [{ family: 'end', score, answer: 'Yes.' }];
    const { ability, followed: obeyed } = summarizeArm(
      armOf([
        [
          recordOf(1, {}, { ability: { topic: 1, slots: 0, wellFormed: 1 }, followed: followed(1) }),
          recordOf(2, {}),
        ],
        [recordOf(1, {}, { ability: { topic: 0, slots: 0, wellFormed: 1 } }), recordOf(2, {})],
        [recordOf(1, {}), recordOf(2, {}, { followed: followed(0) })],
      ]),
    );
    expect(ability.topic[1]!.value).toBe(0.5);
    expect(ability.slots[1]!.value).toBe(0);
    expect(ability.wellFormed[1]).toEqual({ value: 1, low: expect.closeTo(0.025 ** (1 / 2), 9), high: 1 });
    expect(ability.topic[2], 'no answer about a topic').toEqual({ value: NaN, low: NaN, high: NaN });
    expect(values(obeyed)).toEqual({ 1: 1, 2: 0 });
  });

  it('has means of shares and tokens, round by round', () => {
    const shared = (before: number, after: number, tokens: number) => ({ share: { before, after }, tokens });
    const { share, tokens } = summarizeArm(
      armOf([
        [recordOf(1, {}, shared(0.5, 0.75, 10)), recordOf(2, {}, shared(0.25, 0.5, 40))],
        [recordOf(1, {}, shared(0.25, 0.25, 20)), recordOf(2, {}, shared(0.125, 0.5, 60))],
      ]),
    );
    expect(share).toEqual({ 1: { before: 0.375, after: 0.5 }, 2: { before: 0.1875, after: 0.5 } });
    expect(tokens).toEqual({ 1: 15, 2: 50 });
  });

  it('has losses per token, not per answer, and shares on reference answers', () => {
    const trials = [[recordOf(1, {})], [recordOf(1, {})]];
    const summary = summarizeArm(
      armOf(trials, [[referenceOf(10, 5, 0.25)], [referenceOf(30, 3, 0.5)]], [[referenceOf(4, 2)]]),
    );
    expect(summary.loss).toEqual({ 1: 0.2 });
    expect(summary.bareLoss).toEqual({ 1: 0.5 });
    const spread = summary.spread[1]!;
    expect(spread.prefix).toEqual({ mean: 0.375, median: 0.1875, ninetieth: 0.75, above: 0.1, below: 0.2 });
    expect(spread.sink).toBeCloseTo(0.0375, 12);
    expect(spread.after).toBeCloseTo(0.075, 12);
  });

  it('has no losses without reference passes', () => {
    const { loss, bareLoss, spread } = summarizeArm(armOf([[recordOf(1, {})]]));
    expect([loss, bareLoss, spread]).toEqual([{}, {}, {}]);
  });
});
