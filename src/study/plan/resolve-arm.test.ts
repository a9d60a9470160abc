import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArmSpec } from '../spec/index.js';
import { parseSpec } from '../spec/index.js';
import { type HeadScores, type Heads, needsRanking, resolveArm } from './resolve-arm.js';

const grid = { layers: 2, heads: 3 };
const heads: Heads = { grid, seeing: [0, 1, 2, 3, 4, 5] };
/** The first layer has a window. */
const windowed: Heads = { grid, seeing: [3, 4, 5] };
// Heads in the order 0.0, 0.1, 0.2, 1.0, 1.1, 1.2.
const scores: HeadScores = { share: [0.1, 0.5, 0.3, 0.5, 0, 0.2], decay: [0, 0.1, 0.2, 0.3, 0.4, 0.5] };

const armOf = (item: string): ArmSpec =>
  parseSpec(`name: x\nsources: organism\narms:\n  - ${item}\n`, 'x.yaml').arms[0]!;

const settingsOf = (item: string, of = heads) => resolveArm(armOf(item), of, scores).settings;

describe('an arm on a model', () => {
  it('says nothing of what changes nothing', () => {
    expect(resolveArm(armOf('off'), heads, null)).toEqual({
      name: 'off',
      settings: { policy: 'off' },
      repeatEvery: null,
    });
    expect(resolveArm(armOf('{ repeat: 2, guidance: 3 }'), heads, null)).toEqual({
      name: 'repeat every 2, guidance, γ = 3',
      settings: { policy: 'off', guidance: 3 },
      repeatEvery: 2,
    });
    expect(settingsOf('hold')).toEqual({ policy: 'hold', target: { kind: 'prefix' } });
  });

  it('takes layers and heads by number, in order', () => {
    expect(settingsOf('{ boost: 2, layers: [1, 0], heads: [2] }')).toEqual({
      policy: 'boost',
      schedule: { kind: 'constant', strength: 2 },
      target: { kind: 'prefix' },
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
  ])('takes the %s, of equals the one in front', (heads, pairs) => {
    expect(settingsOf(`{ boost: 2, heads: ${heads} }`).pairs).toEqual(pairs);
    expect(settingsOf(`silence: ${heads}`)).toEqual({ policy: 'off', silence: pairs });
  });

  it('ranks and draws among heads that see the whole dialogue', () => {
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
    expect(() => chosen('random 4 seed 1')).toThrow('names 4 heads of those that see the whole dialogue');
    expect(chosen('all'), 'who names heads has them').toHaveLength(6);
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
    ['{ boost: 2, layers: 2 }', 'layer 2'],
    ['{ boost: 2, heads: [3] }', 'head 3'],
    ['{ boost: 2, heads: [[0, 3]] }', 'head 3 of layer 0'],
    ['{ boost: 2, heads: top 7 by share }', '7 heads of those that see the whole dialogue, which are 6'],
    ['silence: random 7 seed 0', '7 heads of those that see the whole dialogue, which are 6'],
  ])('%s is refused', (item, what) => {
    expect(() => settingsOf(item)).toThrow(`names ${what}, the model has 2 layers of 3 heads`);
  });

  it('asks for a ranking only where it acts on ranked heads', () => {
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

  it('are as many different ones as asked for, in order, and the same for the same seed', () => {
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

  it('of more heads include those of fewer', () => {
    const few = resolveArm(arm(2, 5), heads, null).settings.pairs!;
    expect(resolveArm(arm(4, 5), heads, null).settings.pairs).toEqual(expect.arrayContaining([...few]));
  });

  it('hit every head about as often', () => {
    const counts = new Array<number>(6).fill(0);
    for (let seed = 0; seed < 600; seed++) {
      for (const [layer, head] of resolveArm(arm(2, seed), heads, null).settings.pairs!)
        counts[layer * 3 + head]!++;
    }
    // 200 expected of each, standard deviation 11.5.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(58);
  });
});
