import { describe, expect, it } from 'vitest';
import { rowOf } from '../../test/support/decay-fixtures.js';
import { byDecay, byShare } from './head-summary.js';
import { PROMPT, type ShareRow } from './share-columns.js';
import { clusterWord, type DecaySummary, summarize } from './summary.js';
import { createTally, type Tally } from './tally.js';

const GRID = { layers: 2, heads: 3, windows: [null, null] };
const PAIRS = 6;

interface Made {
  readonly dialogues: number;
  readonly turns: number;
  /** Tokens of an answer; the same number is between answers. */
  readonly tokens: number;
  /** The prompt's share of a row. */
  prompt(place: Pick<ShareRow, 'dialogue' | 'turn' | 'position'>): number;
  readonly sink?: number;
  /** Rows before this position have no random span. */
  readonly randomFrom?: number;
}

function tallyOf(
  { dialogues, turns, tokens, prompt, sink = 0.1, randomFrom = 0 }: Made,
  windows: readonly (number | null)[] = GRID.windows,
  change: (row: ShareRow) => void = () => {},
): Tally {
  const tally = createTally({ ...GRID, windows });
  for (let dialogue = 0; dialogue < dialogues; dialogue++) {
    for (let turn = 1; turn <= turns; turn++) {
      for (let index = 0; index < tokens; index++) {
        const place = { dialogue, turn, position: (2 * turn - 1) * tokens + index };
        const random = place.position < randomFrom ? Number.NaN : 0.2;
        const row = rowOf(place, PAIRS, { prompt: prompt(place), sink, random });
        change(row);
        tally.add(row);
      }
    }
  }
  return tally;
}

const summaryOf = (made: Made, prompts = made.dialogues): DecaySummary =>
  summarize(tallyOf(made), promptsOf(made.dialogues, prompts));

/** The system prompts of dialogues that take this number of prompts in turn. */
const promptsOf = (dialogues: number, prompts = dialogues): string[] =>
  Array.from({ length: dialogues }, (_, index) => `prompt ${index % prompts}`);

describe('the clusters of a measurement', () => {
  const made: Made = {
    dialogues: 24,
    turns: 3,
    tokens: 4,
    prompt: ({ dialogue }) => 0.1 + 0.02 * (dialogue % 12),
  };
  const shareOf = (prompts: number) => summaryOf(made, prompts).turns[0]!.shares.prompt!;

  it('are prompts: a prompt that is repeated adds no certainty', () => {
    expect(summaryOf(made, 12)).toMatchObject({ dialogues: 24, prompts: 12, clusters: 12 });
    const alone = summaryOf({ ...made, dialogues: 12 }).turns[0]!.shares.prompt!;
    const repeated = shareOf(12);
    expect(repeated.value).toBeCloseTo(alone.value, 9);
    expect(repeated.low).toBeCloseTo(alone.low!, 9);
    expect(repeated.high! - repeated.low!).toBeGreaterThan(1.3 * (shareOf(24).high! - shareOf(24).low!));
  });

  it('have no interval if they are few, and are dialogues if all have one prompt', () => {
    expect(shareOf(4)).toMatchObject({ low: null, high: null });
    const one = summaryOf(made, 1);
    expect(one).toMatchObject({ prompts: 1, clusters: 24 });
    expect(clusterWord(one)).toBe('dialogues');
    expect(clusterWord(summaryOf(made, 12))).toBe('prompts');
  });
});

describe('half-lives', () => {
  it('are three turns and 192 tokens for a share that halves in three turns of 64 tokens', () => {
    const { prompt, sink } = summaryOf({
      ...{ dialogues: 2, turns: 12, tokens: 32 },
      prompt: ({ position }) => 0.6 * 2 ** (-position / 192),
    }).halfLives;
    expect(prompt.turns!.value).toBeCloseTo(3, 2);
    expect(prompt.tokens!.value).toBeCloseTo(192, 0);
    expect(sink.turns!.value).toBe('never');
    expect(prompt.turns).toMatchObject({ low: null, high: null });
  });

  it('are null for a single turn', () => {
    const { prompt } = summaryOf({ dialogues: 1, turns: 1, tokens: 4, prompt: () => 0.5 }).halfLives;
    expect(prompt).toEqual({ turns: null, tokens: null });
  });

  it('have an interval around the value with eight dialogues', () => {
    const { turns } = summaryOf({
      ...{ dialogues: 8, turns: 6, tokens: 16 },
      prompt: ({ dialogue, turn }) => 0.6 * 2 ** (-turn / (3 + 0.1 * dialogue)),
    }).halfLives.prompt;
    const { value, low, high } = turns!;
    expect(value).toBeGreaterThan(Number(low));
    expect(value).toBeLessThan(Number(high));
    expect(Number(low)).toBeGreaterThan(3);
    expect(Number(high)).toBeLessThan(3.8);
  });
});

describe('levels', () => {
  it('separate a share that is flat within answers from one that falls at their borders', () => {
    const steps = summaryOf({
      ...{ dialogues: 3, turns: 5, tokens: 20 },
      prompt: ({ turn }) => 0.6 - 0.05 * turn,
    });
    expect(steps.slopeWithinTurns!.value).toBeCloseTo(0, 6);
    expect(steps.dropBetweenTurns!.value).toBeCloseTo(0.05, 6);

    const saw = summaryOf({
      ...{ dialogues: 3, turns: 5, tokens: 20 },
      prompt: ({ turn, position }) => 0.6 - 0.01 * (position - 20 * (2 * turn - 1)),
    });
    expect(saw.slopeWithinTurns!.value).toBeCloseTo(-0.01, 6);
    // From the mean of the last eight rows to that of the next eight: twelve steps.
    expect(saw.dropBetweenTurns!.value).toBeCloseTo(-0.12, 6);
  });

  it('have intervals only with eight dialogues or more', () => {
    const made = {
      turns: 2,
      tokens: 4,
      prompt: ({ dialogue }: { dialogue: number }) => 0.3 + 0.01 * dialogue,
    };
    const few = summaryOf({ ...made, dialogues: 7 }).turns[0]!.shares.prompt!;
    expect(few.value).toBeCloseTo(0.33, 6);
    expect(few).toMatchObject({ low: null, high: null });
    const many = summaryOf({ ...made, dialogues: 8 }).turns[0]!.shares.prompt!;
    expect(many.low!).toBeLessThan(many.value);
    expect(many.high!).toBeGreaterThan(many.value);
  });

  it('have no random span until the dialogue reaches its end', () => {
    const { turns } = summaryOf({
      ...{ dialogues: 1, turns: 3, tokens: 10, randomFrom: 35 },
      prompt: () => 0.4,
    });
    expect(turns.map(({ shares }) => shares.random && Number(shares.random.value.toFixed(6)))).toEqual([
      null,
      0.2,
      0.2,
    ]);
  });

  it('are means over the heads that see furthest', () => {
    const tally = tallyOf(
      { dialogues: 1, turns: 1, tokens: 5, prompt: () => 0.6 },
      [4, null],
      ({ shares }) => {
        shares.fill(0.1, PROMPT * PAIRS, PROMPT * PAIRS + 3);
      },
    );
    const { turns, headsInMeans, heads, spread } = summarize(tally, promptsOf(16));
    expect(headsInMeans).toBe(3);
    expect(turns[0]!.shares.prompt!.value).toBeCloseTo(0.6, 6);
    expect(spread!.mean).toBeCloseTo(0.6, 6);
    const [windowed, seeing] = turns[0]!.layers;
    expect([windowed!, seeing!].map((share) => Number(share.toFixed(6)))).toEqual([0.1, 0.6]);
    expect(heads.map(({ inMeans }) => inMeans)).toEqual([false, false, false, true, true, true]);
  });

  it('leave out the rows that do not see the prompt; without such a row there is none', () => {
    // Layer 0 sees the prompt in the first two rows of turn 1, layer 1 in all of turn 1.
    const seenIn = (rows: number, { turn, position }: ShareRow) =>
      turn === 1 && position < 5 + rows ? 1 : 0;
    const tally = tallyOf({ dialogues: 1, turns: 2, tokens: 5, prompt: () => 0.6 }, [4, 9], (row) => {
      row.layersSeeing.set([seenIn(2, row), seenIn(5, row)]);
      row.seen[PROMPT] = seenIn(5, row);
      for (let pair = 0; pair < PAIRS; pair++) {
        if (row.layersSeeing[Math.floor(pair / 3)] === 0) row.shares[PROMPT * PAIRS + pair] = 0;
      }
    });
    const { turns, heads, spread } = summarize(tally, promptsOf(16));
    expect(turns.map(({ shares }) => shares.prompt?.value.toFixed(6) ?? null)).toEqual(['0.600000', null]);
    expect(turns[1]!.shares.sink!.value).toBeCloseTo(0.1, 6);
    expect(turns.map(({ layers }) => layers.map((share) => share?.toFixed(6) ?? null))).toEqual([
      ['0.600000', '0.600000'],
      [null, null],
    ]);
    expect(turns[1]!.heads).toBeNull();
    expect(spread!.mean).toBeCloseTo(0.6, 6);
    expect(heads.map(({ last }) => last)).toEqual(Array(6).fill(null));
    expect(heads[0]!.spread!.mean).toBeCloseTo(0.6, 6);
  });
});

describe('heads', () => {
  /** Six heads: one falls to a quarter, one is constant, one near 0, one near 1, one jumps, one has almost nothing. */
  const tally = tallyOf({ dialogues: 2, turns: 4, tokens: 10, prompt: () => 0 }, GRID.windows, (row) => {
    const { turn, position, shares } = row;
    const swings = [0.8, 0.0001, 0.4][position % 3]!;
    shares.set([0.4 - 0.1 * (turn - 1), 0.3, 0.0001, 0.9, swings, 0.005], PROMPT * PAIRS);
  });
  const { heads } = summarize(tally, promptsOf(16));

  it('are classified by how much a policy can change on them', () => {
    expect(heads.map(({ kind }) => kind)).toEqual(['soft', 'soft', 'blind', 'fixed', 'mixed', 'soft']);
  });

  it('are ranked by share, and by the part that is left if there was something to lose', () => {
    const place = ({ layer, head }: { layer: number; head: number }): number => 3 * layer + head;
    expect(byShare(heads).map(place).slice(0, 2)).toEqual([3, 4]);
    const decaying = byDecay(heads);
    expect(place(decaying[0]!)).toBe(0);
    expect(decaying[0]!.left.value).toBeCloseTo(0.25, 5);
    expect(decaying.map(place)).not.toContain(2);
    expect(decaying.map(place)).not.toContain(5);
  });

  it('that hardly looked at the prompt at first are not those that decay most', () => {
    const left = { value: 0.01, low: null, high: null };
    const glance = { ...heads[0]!, layer: 2, head: 0, first: 0.02, last: 0.0002, left };
    expect(byDecay([...heads, glance]).map(({ layer }) => layer)).not.toContain(2);
    expect(byDecay([...heads, { ...glance, first: 0.3 }])[0]!.layer).toBe(2);
  });
});

describe('the tally in memory', () => {
  /** Counts the numbers in a nested structure. */
  function sizeOf(value: unknown): number {
    if (typeof value === 'number') return 1;
    if (ArrayBuffer.isView(value)) return value.byteLength / 8;
    if (value instanceof Map) return [...value.values()].reduce((sum, each) => sum + sizeOf(each), 0);
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 0);
  }

  it('grows with turns and length, not with rows times heads', () => {
    const size = (tokens: number): number =>
      sizeOf(tallyOf({ dialogues: 1, turns: 4, tokens, prompt: () => 0.3 }));
    const [short, long] = [size(500), size(2500)];
    const moreRows = 4 * 2000;
    // Only bins of sixteen positions grow; each has sums for every column and head.
    expect(long - short).toBeLessThan((moreRows / 16) * 2 * 40);
    expect(long - short).toBeLessThan(moreRows * PAIRS);
  });

  it('has shares at fewer than fifty places along the tokens, whatever the length', () => {
    for (const tokens of [3, 40, 700]) {
      const { tokens: places } = summaryOf({ dialogues: 1, turns: 5, tokens, prompt: () => 0.3 });
      expect(places.length).toBeGreaterThan(0);
      expect(places.length).toBeLessThan(50);
      const total = places.map(({ from, to }) => to - from);
      expect(new Set(total).size).toBe(1);
    }
  });
});
