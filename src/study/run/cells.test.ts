import { expect, it, vi } from 'vitest';
import { OFF } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { Session } from '../../engine/index.js';
import type { Cell } from '../plan/index.js';
import { open } from './cells.js';

const cell = (index: number): Cell => ({
  address: `dialogue-${index}`,
  kind: 'dialogue',
  labels: {
    ...{ model: 'organism', executor: 'cpu', precision: 'f32', source: 'trials', arm: 'off' },
    ...{ seed: 1, index },
  },
  model: { name: 'organism', path: 'organism', executor: 'cpu', precision: null },
  source: { kind: 'organism', name: 'trials', dialogues: 4, first: 0, rounds: 1 },
  arm: OFF,
  measure: null,
  now: NOW,
  settings: {
    ...{ sampling: { temperature: 1, topP: 0.9 }, maxTokens: 8, probeRounds: [1], probeRepeats: 3 },
    costs: { kl: 1, perplexity: 1, choice: null },
  },
});

it('asks probes in the places that no cell takes, and the records do not depend on it', async () => {
  const results = [];
  for (const [batch, count] of [
    [1, 1],
    [4, 1],
    [2, 2],
  ] as const) {
    const forks = vi.spyOn(Session.prototype, 'fork');
    const tasks = await open({ threads: 1, batch });
    const outcomes = await Promise.all(Array.from({ length: count }, (_, index) => tasks.run(cell(index))));
    await tasks.close();
    results.push({ copies: forks.mock.calls.length, record: JSON.stringify(outcomes[0]!.record) });
    forks.mockRestore();
  }
  const [alone, free] = results;
  expect([alone!.copies, free!.copies > 0]).toEqual([0, true]);
  expect(new Set(results.map(({ record }) => record)).size).toBe(1);
});
