import { expect, it } from 'vitest';
import { NOW } from '../../../test/support/text-fixtures.js';
import type { Cell } from './cell.js';
import { createEstimate } from './estimate.js';

const SAMPLING = { temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 };

function cellOf(index: number, arm: Cell['arm']): Cell {
  const model = { name: 'm', path: 'm', executor: 'cpu', precision: 'f32' } as const;
  return {
    address: `${arm.name} ${index}`,
    kind: 'dialogue',
    labels: { model: 'm', executor: 'cpu', precision: 'f32', source: 's', arm: arm.name, seed: 0, index },
    model,
    source: { kind: 'organism', name: 's', dialogues: 9, first: 0, rounds: 2 },
    arm,
    measure: null,
    now: NOW,
    settings: {
      sampling: SAMPLING,
      maxTokens: 8,
      probeRounds: [],
      probeRepeats: 1,
      costs: { kl: 0, perplexity: 0, choice: null },
    },
  };
}

const OFF = { name: 'off', settings: { policy: 'off' }, repeatEvery: null, noSystem: false } as const;
const REPEAT = { name: 'repeat', settings: { policy: 'off' }, repeatEvery: 2, noSystem: false } as const;

it('estimates a cell by the median of its kind, or of all cells if none of its kind was timed', () => {
  const off = [0, 1, 2].map((index) => cellOf(index, OFF));
  const repeat = [0, 1].map((index) => cellOf(index, REPEAT));
  const estimate = createEstimate([...off, ...repeat]);
  expect(estimate.leftMs()).toBeNull();
  expect(estimate.unknown()).toEqual([off[0], repeat[0]]);

  estimate.done(off[0]!, 100);
  expect(estimate.unknown()).toEqual([repeat[0]]);
  expect(estimate.leftMs(), 'two of off, and two estimated like off').toBe(400);
  estimate.done(repeat[0]!, 300);
  expect(estimate.leftMs()).toBe(2 * 100 + 300);
  estimate.drop(repeat[1]!);
  expect(estimate.leftMs()).toBe(200);
  expect(estimate.msOf(repeat[1]!)).toBe(300);
});

it('is not misled by a cell that waited for a busy machine', () => {
  const cells = [0, 1, 2, 3].map((index) => cellOf(index, OFF));
  const estimate = createEstimate(cells);
  for (const [at, ms] of [700, 46_000, 600].entries()) estimate.done(cells[at]!, ms);
  expect(estimate.leftMs()).toBe(700);
  estimate.done(cells[1]!, 800);
  expect(estimate.leftMs(), 'a time that is set again').toBe(700);
  estimate.done(cells[0]!, 900);
  expect(estimate.leftMs()).toBe(800);
});
