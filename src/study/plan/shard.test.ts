import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foundFor } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { parseSpec } from '../spec/index.js';
import { expand } from './expand.js';
import { groupOf, shardOf } from './shard.js';

const spec = parseSpec(
  'name: x\nmodels: [organism, b]\nsources: [organism: { dialogues: 5 }, self-chat: { dialogues: 4 }]\nseeds: [0, 1]\narms: [off, boost: [2, 3]]',
  'x.yaml',
);
const cells = expand(spec, foundFor(spec), NOW, []);

describe('the shards of a study', () => {
  it('partition the cells into whole dialogues, keep their order, and have nearly equal sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (count) => {
        const shards = Array.from({ length: count }, (_, at) => shardOf(cells, { index: at + 1, count }));
        const places = shards.map((shard) => shard.map((cell) => cells.indexOf(cell)));
        expect(places.flat().toSorted((a, b) => a - b)).toEqual(cells.map((_, place) => place));
        for (const of of places) expect(of).toEqual(of.toSorted((a, b) => a - b));
        const groups = shards.map((shard) => new Set(shard.map(groupOf)));
        const sizes = groups.map(({ size }) => size);
        expect(new Set(groups.flatMap((names) => [...names])).size).toBe(sizes.reduce((a, b) => a + b, 0));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });

  it('do not change when an arm is added', () => {
    const fewer = cells.filter(({ labels }) => labels.arm === 'off');
    const shard = { index: 2, count: 3 };
    expect(shardOf(cells, shard).filter(({ labels }) => labels.arm === 'off')).toEqual(shardOf(fewer, shard));
  });
});
