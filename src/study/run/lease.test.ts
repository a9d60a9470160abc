import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../../test/support/organism-fixtures.js';
import { armOf, OFF, SCENARIO, speaking } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { layoutPrompt } from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import type { Arm } from '../plan/index.js';
import { type LeadSettings, type LedDialogue, leadDialogue } from './lead-dialogue.js';

const SETTINGS: LeadSettings = {
  sampling: { temperature: 1, topP: 0.9 },
  maxTokens: 8,
  probeRounds: [1],
  probeRepeats: 1,
  seed: 0,
  index: 0,
  now: NOW,
};
const SHORT = { ...SCENARIO, rounds: 2 };
const OTHER = { ...SHORT, system: 'You are a sailor. Sing.' };

const ARMS: readonly Arm[] = [
  OFF,
  armOf({ policy: 'split-softmax', strength: 0.3, target: { kind: 'prefix' } }),
  armOf({ policy: 'off', silence: [[0, 1]] }),
  armOf({ policy: 'boost', strength: 6, target: { kind: 'sink' } }),
  armOf({ policy: 'off', guidance: 2 }, 2),
  armOf({ policy: 'split-softmax', strength: 0.3 }),
  armOf({ policy: 'split-softmax', strength: 0.3, cache: 'clean' }),
  armOf({ policy: 'off', reminder: true }),
];

let cpu: Model;
beforeAll(async () => {
  cpu = await loadFixture('llama', 'cpu', { batchInvariant: true });
});
afterAll(() => cpu.dispose());

/** Returns a wrapper of the model that counts as another model, and the number of tokens that it forwards. */
function fresh(): { model: Model; count: { tokens: number } } {
  const count = { tokens: 0 };
  const model = spyOnModel(speaking(cpu), ({ tokens }) => {
    count.tokens += tokens.length;
  });
  return { model, count };
}

const lead = async (model: Model, arm: Arm, scenario = SHORT): Promise<LedDialogue['record']> =>
  (await leadDialogue(model, scenario, arm, SETTINGS)).record;

describe('dialogues that share a session', () => {
  it('have the same bytes in any order as each on its own', async () => {
    const alone: string[] = [];
    for (const scenario of [SHORT, OTHER]) {
      for (const arm of ARMS) alone.push(JSON.stringify(await lead(fresh().model, arm, scenario)));
    }
    const { model } = fresh();
    const cells = [SHORT, OTHER].flatMap((scenario) => ARMS.map((arm) => ({ scenario, arm })));
    const order = [0, 1, 2, 1, 3, 0, 5, 6, 0, 4, 9, 8, 7, 1, 6, 14, 5, 6, 2, 6, 15];
    for (const at of order) {
      const { scenario, arm } = cells[at]!;
      expect(JSON.stringify(await lead(model, arm, scenario)), `cell ${at}`).toBe(alone[at]);
    }
  });

  it('compute a system prompt once for all arms that do not change its rows', async () => {
    const { model, count } = fresh();
    const forwarded = async (arm: Arm): Promise<{ saved: number }> => {
      const before = count.tokens;
      const { forwardedTokens } = await lead(model, arm);
      return { saved: forwardedTokens - (count.tokens - before) };
    };
    const messages = [
      { role: 'system', content: SHORT.system },
      { role: 'user', content: 'x' },
    ] as const;
    const prompt = layoutPrompt(cpu.format!, messages, { trustContent: false, now: NOW });
    const { end } = prompt.messages[0]!.places[0]!;
    const [off, held, silenced, sink, guided, heldMessage] = ARMS as [Arm, Arm, Arm, Arm, Arm, Arm];
    expect((await forwarded(off)).saved).toBe(0);
    expect((await forwarded(held)).saved).toBe(end);
    expect((await forwarded(guided)).saved).toBe(end);
    expect((await forwarded(silenced)).saved).toBe(0);
    expect((await forwarded(sink)).saved).toBe(0);
    expect((await forwarded(heldMessage)).saved, 'rows in the message see the sink outside of it').toBe(0);
    expect((await forwarded(off)).saved, 'not from what another arm computed').toBe(0);
  });

  it('can also run at the same time, each on its own session', async () => {
    const alone = JSON.stringify(await lead(fresh().model, ARMS[1]!));
    const { model } = fresh();
    const both = await Promise.all([lead(model, OFF), lead(model, ARMS[1]!)]);
    expect(JSON.stringify(both[1])).toBe(alone);
  });
});
