import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArmSpec } from '../spec/index.js';
import { parseSpec } from '../spec/index.js';
import { type HeadScores, type Heads, needsRanking, resolveArm } from './resolve-arm.js';

const grid = { layers: 2, heads: 3 };
const heads: Heads = { grid, seeing: [0, 1, 2, 3, 4, 5] };
/** The first layer has a sliding window. */
const windowed: Heads = { grid, seeing: [3, 4, 5] };
// Heads in the order 0.0, 0.1, 0.2, 1.0, 1.1, 1.2.
const scores: HeadScores = { share: [0.1, 0.5, 0.3, 0.5, 0, 0.2], decay: [0, 0.1, 0.2, 0.3, 0.4, 0.5] };

const armOf = (item: string): ArmSpec =>
  parseSpec(`name: x\nsources: organism\narms:\n  - ${item}\n`, 'x.yaml').arms[0]!;

const settingsOf = (item: string, of = heads) => resolveArm(armOf(item), of, scores).settings;

describe('resolveArm', () => {
  it('omits settings that change nothing', () => {
    expect(resolveArm(armOf('off'), heads, null)).toEqual({
      name: 'off',
      settings: { policy: 'off' },
      repeatEvery: null,
      noSystem: false,
    });
    expect(resolveArm(armOf('{ repeat: 2, guidance: 3 }'), heads, null)).toEqual({
      name: 'repeat every 2, guidance, γ = 3',
      settings: { policy: 'off', guidance: 3 },
      repeatEvery: 2,
      noSystem: false,
    });
    expect(settingsOf('{ boost: 2, cache: held }')).toEqual(settingsOf('boost: 2'));
    expect(settingsOf('{ boost: 2, cache: clean, reminder: true }')).toEqual({
      ...settingsOf('boost: 2'),
      cache: 'clean',
      reminder: true,
    });
    expect(settingsOf('sustain')).toEqual({ policy: 'sustain', target: { kind: 'message' } });
  });

  it('sorts layers and heads', () => {
    expect(settingsOf('{ boost: 2, layers: [1, 0], heads: [2] }')).toEqual({
      policy: 'boost',
      schedule: { kind: 'constant', strength: 2 },
      target: { kind: 'message' },
      layers: [0, 1],
      heads: [2],
    });
    expect(settingsOf('{ boost: 2, heads: [[1, 2], [0, 1]] }').pairs).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it.each<[string, readonly (readonly [number, number])[]]>([
    ['top 1 by share', [[0, 1]]],
    [
      'top 2 by share',
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'bottom 2 by share',
      [
        [0, 0],
        [1, 1],
      ],
    ],
    [
      'top 2 by decay',
      [
        [1, 1],
        [1, 2],
      ],
    ],
    ['bottom 1 by decay', [[0, 0]]],
    [
      'top 6 by decay',
      [
        [0, 0],
        [0, 1],
        [0, 2],
        [1, 0],
        [1, 1],
        [1, 2],
      ],
    ],
  ])('takes the %s, with ties in order of index', (heads, pairs) => {
    expect(settingsOf(`{ boost: 2, heads: ${heads} }`).pairs).toEqual(pairs);
    expect(settingsOf(`silence: ${heads}`)).toEqual({ policy: 'off', silence: pairs });
  });

  it('ranks and draws only heads that see the whole dialogue', () => {
    const chosen = (choice: string) => settingsOf(`silence: ${choice}`, windowed).silence;
    expect(chosen('top 1 by share')).toEqual([[1, 0]]);
    expect(chosen('bottom 2 by share')).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(chosen('bottom 1 by decay')).toEqual([[1, 0]]);
    expect(chosen('random 3 seed 1')).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    expect(() => chosen('random 4 seed 1')).toThrow('names 4 heads, but only 3 of');
    expect(chosen('all'), 'heads by name or number need not see everything').toHaveLength(6);
    expect(chosen('[0]')).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('silences heads of a grid, or all, by name', () => {
    expect(settingsOf('silence: [2]').silence).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(settingsOf('silence: all').silence).toHaveLength(6);
  });

  it.each([
    ['{ boost: 2, layers: 2 }', 'layer 2, but the model has 2 layers of 3 heads'],
    ['{ boost: 2, heads: [3] }', 'head 3, but the model has 2 layers of 3 heads'],
    ['{ boost: 2, heads: [[0, 3]] }', 'head 3 of layer 0, but the model has 2 layers of 3 heads'],
    [
      '{ boost: 2, heads: top 7 by share }',
      "7 heads, but only 6 of the model's heads see the whole dialogue",
    ],
    ['silence: random 7 seed 0', "7 heads, but only 6 of the model's heads see the whole dialogue"],
  ])('rejects %s', (item, problem) => {
    expect(() => settingsOf(item)).toThrow(`names ${problem}`);
  });

  it('needs a ranking only for ranked heads', () => {
    expect(
      ['off', 'boost: 2', '{ boost: 2, heads: random 1 seed 1 }'].map((item) => needsRanking(armOf(item))),
    ).toEqual([false, false, false]);
    expect(
      ['silence: top 1 by share', '{ boost: 2, heads: bottom 1 by decay }'].map((item) =>
        needsRanking(armOf(item)),
      ),
    ).toEqual([true, true]);
  });
});

describe('random heads', () => {
  const arm = (count: number, seed: number): ArmSpec =>
    armOf(`{ boost: 2, heads: random ${count} seed ${seed} }`);

  it('are distinct, sorted, of the given number, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(1000), (count, seed) => {
        const pairs = resolveArm(arm(count, seed), heads, null).settings.pairs!;
        const places = pairs.map(([layer, head]) => layer * grid.heads + head);
        expect(new Set(places).size).toBe(count);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(resolveArm(arm(count, seed), heads, scores).settings.pairs).toEqual(pairs);
      }),
    );
  });

  it('of a larger number include those of a smaller one', () => {
    const few = resolveArm(arm(2, 5), heads, null).settings.pairs!;
    expect(resolveArm(arm(4, 5), heads, null).settings.pairs).toEqual(expect.arrayContaining([...few]));
  });

  it('include every head about equally often', () => {
    const counts = new Array<number>(6).fill(0);
    for (let seed = 0; seed < 600; seed++) {
      for (const [layer, head] of resolveArm(arm(2, seed), heads, null).settings.pairs!)
        counts[layer * 3 + head]!++;
    }
    // Expected 200 each, standard deviation 11.5; the bound is 5 standard deviations.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(58);
  });
});
