import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FACTS, foundFor } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { parseSpec } from '../spec/index.js';
import type { Cell } from './cell.js';
import { expand } from './expand.js';
import { groupsOf } from './plan.js';
import { groupOf, shardOf } from './shard.js';

const spec = parseSpec(
  'name: x\nmodels: [organism, b]\nsources: [organism: { dialogues: 5 }, self-chat: { dialogues: 4 }]\nseeds: [0, 1]\narms: [off, boost: [2, 3]]',
  'x.yaml',
);
const cells = [...expand(spec, foundFor(spec), NOW, [])];

describe('the shards of a study', () => {
  const workIn = (some: readonly Cell[]): number => some.reduce((sum, { work }) => sum + work!, 0);

  it('partition the cells into whole dialogues, keep their order, and differ by at most the work of one', () => {
    const works = groupsOf(cells).map(workIn);
    expect(new Set(works).size, 'groups differ in work').toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (count) => {
        const shards = Array.from({ length: count }, (_, at) => shardOf(cells, { index: at + 1, count }));
        const places = shards.map((shard) => shard.map((cell) => cells.indexOf(cell)));
        expect(places.flat().toSorted((a, b) => a - b)).toEqual(cells.map((_, place) => place));
        for (const of of places) expect(of).toEqual(of.toSorted((a, b) => a - b));
        const groups = shards.map((shard) => new Set(shard.map(groupOf)));
        const sizes = groups.map(({ size }) => size);
        expect(new Set(groups.flatMap((names) => [...names])).size).toBe(sizes.reduce((a, b) => a + b, 0));
        const loads = shards.map(workIn);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(Math.max(...works));
      }),
      { numRuns: 8 },
    );
  });

  it('are balanced by work where equal numbers would not be: a large model beside a small one', () => {
    const large = { ...FACTS, hash: 'b', size: { parameters: 1000, dialogueBytes: 1 } };
    const found = foundFor(spec);
    const uneven = [...expand(spec, { ...found, models: new Map([...found.models, ['b', large]]) }, NOW, [])];
    const loads = [1, 2, 3].map((index) => workIn(shardOf(uneven, { index, count: 3 })));
    expect(Math.max(...loads) / Math.min(...loads)).toBeLessThan(1.2);
  });

  it('of a plan without work are dealt in turn, as older versions dealt them', () => {
    const plain = cells.map(({ work: _, ...cell }) => cell);
    const order = [...new Set(plain.map(groupOf))];
    for (const index of [1, 2, 3]) {
      const dealt = new Set(shardOf(plain, { index, count: 3 }).map(groupOf));
      expect([...dealt]).toEqual(order.filter((_, at) => at % 3 === index - 1));
    }
  });

  it('of dialogues alone do not change when an arm is added', () => {
    const led = cells.filter(({ kind, labels }) => kind === 'dialogue' && labels.source === 'organism');
    const fewer = led.filter(({ labels }) => labels.arm === 'off');
    const shard = { index: 2, count: 3 };
    expect(shardOf(led, shard).filter(({ labels }) => labels.arm === 'off')).toEqual(shardOf(fewer, shard));
  });
});
