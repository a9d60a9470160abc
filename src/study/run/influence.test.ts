import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { armOf, OFF } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import type { Model } from '../../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import type { Arm, Cell, DialogueRecord, InfluenceRecord } from '../plan/index.js';
import { runCell } from './run-cell.js';

let embedded: Model;
beforeAll(async () => {
  embedded = await loadModel(EMBEDDED_MODEL, { threads: 1 });
});
afterAll(() => embedded.dispose());

const cellOf = (kind: Cell['kind'], arm: Arm, more: Partial<Cell> = {}): Cell => ({
  address: `${kind}-${arm.name}`,
  kind,
  labels: {
    ...{ model: 'organism', executor: 'cpu', precision: 'f32', source: 'trials' },
    arm: arm.name,
    seed: 3,
    index: 5,
  },
  model: { name: 'organism', path: 'organism', executor: 'cpu', precision: null },
  source: { kind: 'organism', name: 'trials', dialogues: 8, first: 0, rounds: 4 },
  ...{ arm, measure: null, now: NOW },
  settings: {
    sampling: { temperature: 1, topP: 0.9 },
    ...{ maxTokens: 32, probeRounds: [2], probeRepeats: 1 },
    costs: { kl: 1, perplexity: 0, choice: null },
  },
  ...more,
});

/** Leads a dialogue under an arm, and measures the influence of its prompt beside itself, another one, and none. */
async function measured(arm: Arm, effect?: 'total'): Promise<InfluenceRecord> {
  const { record } = await runCell(embedded, cellOf('dialogue', arm));
  const recorded = record as DialogueRecord;
  const references = [
    { name: 'paraphrase', system: recorded.system },
    { name: 'others', system: 'hold seven ropes and end with a knot' },
    { name: 'none', system: null },
  ];
  const task = { dialogue: 'there', references, rounds: null, recorded, ...(effect && { effect }) };
  return (await runCell(embedded, cellOf('influence', arm, { influence: task }))).record as InfluenceRecord;
}

const sumsOf = ({ references }: InfluenceRecord, name: string): number[] =>
  references.find((each) => each.name === name)!.rounds.map(({ sum }) => sum);

describe('the influence in a study', () => {
  it.each([
    OFF,
    armOf({ policy: 'split-softmax', strength: 0.5 }),
    armOf({ policy: 'split-softmax', strength: 0.5, cache: 'clean' }),
    armOf({ policy: 'off' }, 2),
    armOf({ policy: 'off', reminder: true }),
    armOf({ policy: 'off', guidance: 1.5 }),
  ])('that is total compares the dialogues under two prompts, led in the same way: %o', async (arm) => {
    const [direct, total] = [await measured(arm), await measured(arm, 'total')];
    expect(direct).not.toHaveProperty('effect');
    expect(total.effect).toBe('total');
    // The model answers as in the dialogue if the prompt is the same.
    for (const sum of sumsOf(total, 'paraphrase')) expect(sum).toBeLessThan(1e-3);
    for (const name of ['others', 'none']) {
      const [first, ...later] = sumsOf(total, name);
      expect(first, `${name}: nothing came before the first answer`).toBeCloseTo(sumsOf(direct, name)[0]!, 3);
      expect(later, name).not.toEqual(sumsOf(direct, name).slice(1));
    }
    expect(total.forwardedTokens).toBeGreaterThan(direct.forwardedTokens);
  });
});
