import { describe, expect, it } from 'vitest';
import { type DialogueInfluence, influenceFigure, summarizeInfluence } from './influence.js';

/** A dialogue whose influence is `first` nats a token in turn 1 and halves in two turns. */
const dialogue = (index: number, { rounds = 6, given = 0 } = {}): DialogueInfluence => ({
  system: `prompt ${index}`,
  given,
  references: ['others', 'none'].map((name, at) => ({
    name,
    system: null,
    effect: 'direct',
    rounds: Array.from({ length: rounds }, (_, round) => ({
      round: round + 1,
      sum: ((1 + index / 10) * 2 ** (-round / 2) * 5) / (at + 1),
      count: 5,
    })),
  })),
  forwardedTokens: 30,
  forwardPasses: 3,
});
const DIALOGUES = Array.from({ length: 10 }, (_, index) => dialogue(index));

describe('the summary of influence', () => {
  it('has means over dialogues by turn with intervals, the half-life, and the work', () => {
    const { references, ...rest } = summarizeInfluence(DIALOGUES)!;
    expect(rest).toEqual({ dialogues: 10, clusters: 10, forwardedTokens: 300, forwardPasses: 30 });
    const [others, none] = references;
    expect(others!.turns.map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6]);
    const { value, low, high } = others!.turns[0]!.influence;
    expect(value).toBeCloseTo(1.45, 12);
    expect(low).toBeLessThan(1.45);
    expect(high).toBeGreaterThan(1.45);
    expect(others!.halfLife!.value).toBeCloseTo(2, 9);
    expect(none!.mean!.value).toBeCloseTo(others!.mean!.value / 2, 12);
  });

  it('counts given exchanges as turns, skips answers without tokens, and halves on turns that most reached', () => {
    const long = dialogue(0, { rounds: 8, given: 2 });
    const empty = {
      ...long,
      references: long.references.map((reference) => ({
        ...reference,
        rounds: reference.rounds.map((each) => (each.round === 1 ? { round: 1, sum: 0, count: 0 } : each)),
      })),
    };
    const short = [1, 2, 3].map((index) => dialogue(index, { given: 2 }));
    const [others] = summarizeInfluence([empty, ...short])!.references;
    expect(others!.turns.map(({ turn }) => turn)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(others!.turns[0]!.influence).toMatchObject({ value: expect.closeTo(1.2, 12), low: null });
    expect(others!.turns.at(-1)!.influence.value).toBeCloseTo(2 ** -3.5, 12);
  });

  it('is null without a dialogue, and has a figure for up to four references', () => {
    expect(summarizeInfluence([])).toBeNull();
    const summary = summarizeInfluence(DIALOGUES)!;
    const words = { model: 'tiny', source: 'a test' };
    expect(influenceFigure(summary, words)!.panels[0]!.series.map(({ name }) => name)).toEqual([
      "beside another dialogue's prompt",
      'beside no system message',
    ]);
    const [first] = summary.references;
    expect(influenceFigure({ ...summary, references: Array(5).fill(first) }, words)).toBeNull();
    const total = { ...first!, effect: 'total' } as const;
    expect(influenceFigure({ ...summary, references: [total] }, words)!.panels[0]!.series[0]!.name).toBe(
      "total, beside another dialogue's prompt",
    );
  });
});
