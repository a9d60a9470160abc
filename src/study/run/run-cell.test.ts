import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spyOnModel } from '../../../test/support/organism-fixtures.js';
import { armOf, OFF } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { headGrid, type Model } from '../../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import type { Arm, Cell } from '../plan/index.js';
import { resolveArm } from '../plan/resolve-arm.js';
import { parseSpec } from '../spec/index.js';
import { runCell } from './run-cell.js';

let embedded: Model;
beforeAll(async () => {
  embedded = await loadModel(EMBEDDED_MODEL);
});
afterAll(() => embedded.dispose());

const HELD = armOf({ policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.4, step: 0.3 } });

const cellOf = (kind: Cell['kind'], arm: Arm, measure: Cell['measure'] = null): Cell => ({
  address: `${kind}-${measure}-${arm.name}`,
  kind,
  labels: {
    model: 'organism',
    executor: 'cpu',
    precision: 'f32',
    source: 'trials',
    arm: arm.name,
    seed: 1,
    index: 2,
  },
  model: { name: 'organism', path: 'organism', executor: 'cpu', precision: null },
  source: { kind: 'organism', name: 'trials', dialogues: 4, first: 0, rounds: 3 },
  arm,
  measure,
  now: NOW,
  settings: {
    sampling: { temperature: 1, topP: 0.9 },
    maxTokens: 40,
    probeRounds: [3],
    probeRepeats: 1,
    costs: { kl: 3, perplexity: 3, choice: null },
  },
});

describe('a cell', () => {
  it.each([
    cellOf('dialogue', OFF),
    cellOf('dialogue', HELD),
    cellOf('ranking', OFF),
    cellOf('cost', HELD, 'kl'),
    cellOf('cost', OFF, 'perplexity'),
  ])('has the same record each time it is computed: $address', async (cell) => {
    const once = await runCell(embedded, cell);
    const again = await runCell(embedded, cell);
    expect(JSON.stringify(again.record)).toBe(JSON.stringify(once.record));
    expect(once.record).toMatchObject({ ...cell.labels, kind: cell.kind });
    expect(JSON.stringify(once.record)).not.toMatch(/Ms"/);
  });

  it("says with its timing, not in its record, which of ggml's libraries computed it", async () => {
    const { record, timing } = await runCell(embedded, cellOf('dialogue', OFF));
    expect(embedded.executor.device).toMatch(/^\w+$/);
    expect(timing.device).toBe(embedded.executor.device);
    expect(record).not.toHaveProperty('device');
  });

  it('runs an arm of a specification that lowers the share', async () => {
    const spec = parseSpec('name: x\nsources: organism\narms: [off, cap: 0.05]', 'x.yaml');
    const heads = { grid: headGrid(embedded.executor.blueprint), seeing: [] };
    const arm = resolveArm(spec.arms[1]!, heads, null);
    expect(arm.name).toBe('cap, κ = 0.05');
    const { record } = await runCell(embedded, cellOf('dialogue', arm));
    if (record.kind !== 'dialogue') throw new Error('expected a dialogue');
    for (const { share, strength } of record.rounds) {
      expect(strength).toBe(0.05);
      expect(share.before).toBeGreaterThan(0.05);
      expect(share.after).toBeLessThan(0.05 + 1e-5);
    }
  });

  it('measures the time in the executor apart from the rest, outside the record', async () => {
    let tokens = 0;
    const watched = spyOnModel(embedded, ({ logits }) => {
      if (logits === 'last') tokens++;
    });
    const { timing, record } = await runCell(watched, cellOf('dialogue', OFF));
    expect(timing.address).toBe('dialogue-null-off');
    expect(timing.executorMs).toBeGreaterThan(0);
    expect(timing.executorMs).toBeLessThanOrEqual(timing.totalMs);
    expect(timing.decodedTokens).toBe(tokens);
    expect(record).not.toHaveProperty('executorMs');
  });

  it('counts the tokens of answers, not the passes (two with guidance); a cost decodes none', async () => {
    let choosing = 0;
    const watched = spyOnModel(embedded, ({ logits }) => {
      if (logits === 'last') choosing++;
    });
    const guided = cellOf('dialogue', armOf({ policy: 'off', guidance: 1.5 }));
    const { timing } = await runCell(watched, guided);
    expect(timing.decodedTokens).toBe(choosing / 2);
    expect((await runCell(watched, cellOf('cost', OFF, 'kl'))).timing.decodedTokens).toBe(0);
  });

  it('counts only tokens decoded for the arm, not those of the user’s side in self-chat', async () => {
    const source = {
      kind: 'self-chat',
      name: 'self-chat',
      dialogues: 4,
      first: 0,
      rounds: 2,
      material: null,
      groups: null,
    } as const;
    let choosing = 0;
    const watched = spyOnModel(embedded, ({ logits }) => {
      if (logits === 'last') choosing++;
    });
    const { timing } = await runCell(watched, { ...cellOf('dialogue', OFF), source });
    expect(timing.decodedTokens).toBeGreaterThan(0);
    expect(timing.decodedTokens).toBeLessThan(choosing);
  });

  it('of a ranking has each head’s share in each round of the untouched dialogue', async () => {
    const { record: ranking } = await runCell(embedded, cellOf('ranking', OFF));
    const { record: dialogue } = await runCell(embedded, cellOf('dialogue', OFF));
    if (ranking.kind !== 'ranking' || dialogue.kind !== 'dialogue') throw new Error('other kinds');
    expect(ranking.heads).toEqual(dialogue.rounds.map(({ heads }) => heads));
    expect(ranking.scenario).toBe('organism-2');
  });

  it('of a cost uses the organism’s reference dialogues, without instructions for perplexity', async () => {
    const costs = [];
    for (const [arm, measure] of [
      [OFF, 'kl'],
      [HELD, 'kl'],
      [OFF, 'perplexity'],
    ] as const) {
      const { record } = await runCell(embedded, cellOf('cost', arm, measure));
      if (record.kind !== 'cost') throw new Error('another kind');
      costs.push(record);
    }
    const [none, held, perplexity] = costs;
    expect(none).toMatchObject({ item: 'organism-100002', sum: 0 });
    expect(held!.sum).toBeGreaterThan(0);
    expect(held!.count).toBe(none!.count);
    expect(perplexity!.item).toBe('bare-100002');
    expect(
      perplexity!.sum / perplexity!.count,
      'nats per token, for a model trained on this language',
    ).toBeLessThan(1);
  });

  it('is rejected for an item beyond those that the study uses', async () => {
    const cell = cellOf('cost', OFF, 'kl');
    const beyond = { ...cell, labels: { ...cell.labels, index: 3 } };
    await expect(runCell(embedded, beyond)).rejects.toThrow(/E_USAGE.*item 3/);
  });
});
