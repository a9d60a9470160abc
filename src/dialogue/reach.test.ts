import { describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import type { Policy, Schedule } from '../attention/index.js';
import type { Model } from '../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../load.js';
import { openChat } from './open-chat.js';
import type { Turn } from './turn.js';

const SYSTEM = 'You are Rosa. End every answer with fine.';
const TEXTS = ['Good morning, who are you?', 'What do you sell here?', 'And where is the museum?', 'Thanks.'];

/** Asks every message under a schedule that follows the mean share. */
async function turnsUnder(
  model: Model,
  policy: Exclude<Policy, 'off' | 'sustain'>,
  share: number,
  layers?: readonly number[],
): Promise<readonly Turn[]> {
  const schedule: Schedule = { kind: 'target', share };
  const on = layers === undefined ? {} : { layers };
  const chat = openChat(model, { ...CHAT, system: SYSTEM, maxTokens: 16, policy, schedule, ...on });
  for (const text of TEXTS) await ask(chat, text);
  const { turns } = chat;
  chat.dispose();
  return turns;
}

describe('a schedule that keeps the mean share', () => {
  it('brings the mean that is shown to the share, on models with sliding windows', async () => {
    for (const model of [await loadFixture('gemma3'), await loadModel(EMBEDDED_MODEL)]) {
      for (const policy of ['split-softmax', 'boost', 'floor'] as const) {
        const turns = await turnsUnder(model, policy, 0.6);
        for (const { notice, shares, strength } of turns.slice(1)) {
          expect(shares!.mean!.before, policy).toBeLessThan(0.55);
          expect(Math.abs(shares!.mean!.after - 0.6), policy).toBeLessThan(0.02);
          // Far from k = 0, M = 10⁶ and ψ = 1.
          const { first, last } = strength!;
          for (const used of [first, last]) {
            if (policy === 'split-softmax') expect(used).toBeGreaterThan(0.05);
            if (policy === 'boost') expect(used).toBeLessThan(1000);
            if (policy === 'floor') expect(used).toBeLessThan(0.7);
          }
          expect(notice, policy).toBeNull();
        }
      }
      await model.dispose();
    }
  });

  it('says in how many rows no strength reached the share, and how close it came', async () => {
    const model = await loadFixture('gemma3');
    const [capped] = await turnsUnder(model, 'cap', 0.9);
    const { mean } = capped!.shares!;
    const [, missed, rows, most] =
      /^the mean share stayed below 0.9 in (\d+) of (\d+) rows: (0\.\d{3}) at most, with κ = 1$/.exec(
        capped!.notice!,
      )!;
    expect([missed, rows]).toEqual([String(capped!.ids.length), String(capped!.ids.length)]);
    expect(Number(most)).toBeGreaterThanOrEqual(mean!.after - 1e-3);
    const raised = await turnsUnder(model, 'split-softmax', 0.01);
    for (const { notice, ids } of raised) {
      expect(notice).toMatch(
        new RegExp(
          `^the mean share stayed above 0.01 in ${ids.length} of ${ids.length} rows: 0\\.\\d{3} at least, with k = 1$`,
        ),
      );
    }
    await model.dispose();
  });

  it('keeps the mean of the heads that the policy acts on', async () => {
    const model = await loadModel(EMBEDDED_MODEL, { executor: 'reference' }); // layers 2, 4 and 5 have no window
    for (const { receipt, shares } of (await turnsUnder(model, 'boost', 0.7, [0, 4])).slice(1, 3)) {
      // All rows of an answer, and few of its prompt: the schedule holds about the share in layer 4, not in layer 0.
      expect(shares!.heads.after.slice(20, 25).reduce((sum, share) => sum + share / 5, 0)).toBeCloseTo(
        0.7,
        1,
      );
      expect(receipt!.headsAsked).toEqual([5, 0, 0, 0, 5, 0]);
    }
    await model.dispose();
  });

  it('is not followed while no head sees the target', async () => {
    const model = await loadFixture('mistral');
    const turns = await turnsUnder(model, 'boost', 0.7);
    for (const { notice, strength, shares } of turns.slice(2)) {
      expect(notice).toMatch(/^no layer sees the system prompt any more/);
      expect(strength).toBeNull();
      expect(shares!.mean).toBeNull();
    }
    await model.dispose();
  });
});
