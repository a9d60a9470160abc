import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import { openChat, type SteeringOptions } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { answeredReferences } from './answers.js';
import { type InfluenceHistory, measureInfluence } from './influence.js';

const OTHER = 'You are a sail in the wind. Let all go.';
const USERS = ['What of it?', 'Pull harder.', 'And now?'];
const SAMPLING = { temperature: 1, seed: 7 };
const LIMITS = { maxTokens: 6, stop: [] };
const HELD: SteeringOptions = { policy: 'split-softmax', strength: 0.5 };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

/** Returns the answers of a chat under a prompt. */
async function answersUnder(system: string | null, settings: SteeringOptions = {}): Promise<string[]> {
  const chat = openChat(model, { ...settings, ...LIMITS, system, sampling: SAMPLING, now: NOW });
  const answers: string[] = [];
  for (const user of USERS) answers.push((await ask(chat, user)).turn.assistant);
  chat.dispose();
  return answers;
}

const ledUnder = async (settings: SteeringOptions): Promise<InfluenceHistory> => {
  const answers = await answersUnder(SYSTEM, settings);
  return {
    system: SYSTEM,
    exchanges: USERS.map((user, at) => ({ user, assistant: answers[at]! })),
  };
};

const REFERENCES = [
  { name: 'other', system: OTHER },
  { name: 'none', system: null },
  { name: 'same', system: SYSTEM },
];

describe('references with answers', () => {
  it('have those of a chat under the reference, and count its work', async () => {
    let [tokens, passes] = [0, 0];
    const watched = spyOnModel(model, (request) => {
      tokens += request.tokens.length;
      passes++;
    });
    const options = { settings: HELD, now: NOW, sampling: SAMPLING, ...LIMITS };
    const answered = await answeredReferences(watched, await ledUnder(HELD), REFERENCES, options);
    expect(answered!.references).toEqual([
      { ...REFERENCES[0], answers: await answersUnder(OTHER, HELD) },
      // Without a system message, the policy has no target.
      { ...REFERENCES[1], answers: await answersUnder(null) },
      { ...REFERENCES[2], answers: await answersUnder(SYSTEM, HELD) },
    ]);
    expect(answered).toMatchObject({ forwardedTokens: tokens, forwardPasses: passes });
  });

  it('have the total influence: the direct one in the first round, 0 beside the same prompt', async () => {
    const history = await ledUnder(HELD);
    const options = { settings: HELD, now: NOW };
    const sampled = { ...options, sampling: SAMPLING, ...LIMITS };
    const answered = (await answeredReferences(model, history, REFERENCES, sampled))!.references;
    const { references } = await measureInfluence(model, history, [...REFERENCES, ...answered], options);
    expect(references.map(({ effect }) => effect)).toEqual([
      ...REFERENCES.map(() => 'direct'),
      ...REFERENCES.map(() => 'total'),
    ]);
    const sums = references.map(({ rounds }) => rounds.map(({ sum }) => sum));
    for (const [at, { name }] of REFERENCES.slice(0, 2).entries()) {
      expect(sums[3 + at]![0], name).toBe(sums[at]![0]);
      expect(sums[3 + at]!.slice(1), name).not.toEqual(sums[at]!.slice(1));
    }
    for (const sum of sums[5]!) expect(sum).toBeCloseTo(0, 6);
  });

  it('are none if the signal fires', async () => {
    const signal = AbortSignal.abort();
    const options = { now: NOW, sampling: SAMPLING, ...LIMITS, signal };
    expect(await answeredReferences(model, await ledUnder({}), REFERENCES, options)).toBeNull();
  });
});
