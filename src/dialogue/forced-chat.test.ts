import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { scriptedChat } from '../../test/support/scripted-chat.js';
import type { Model } from '../engine/index.js';
import { openForcedChat } from './forced-chat.js';
import type { SteeringOptions } from './settings-options.js';

const VOCAB = 512;
const WORDS = ['What of it?', 'Pull harder.', 'And now?'];

let llama: Model;
beforeAll(async () => {
  llama = await loadFixture('llama');
});
afterAll(() => llama.dispose());

/** The tokens of a chat's answers, and the logits that chose them. */
function chatUnder(settings: SteeringOptions) {
  const [word, other] = [...llama.tokenizer!.encode('fast'), ...llama.tokenizer!.encode('hold')];
  const end = llama.tokenizer!.endOfTurnIds.at(-1)!; // the one that the template writes
  const said = [word!, other!, word!, end];
  return scriptedChat(llama, said, WORDS, { system: SYSTEM, ...settings, maxTokens: 8 });
}

const ARMS: readonly SteeringOptions[] = [
  { policy: 'off' },
  { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } },
  { policy: 'boost', strength: 5, target: { kind: 'template' } },
  { policy: 'floor', strength: 0.3, layers: [1, 2], heads: [0] },
  { policy: 'sustain' },
  {
    policy: 'off',
    silence: [
      [0, 1],
      [2, 3],
    ],
  },
  { policy: 'split-softmax', strength: 0.2, pairs: [[1, 2]] },
  { policy: 'off', guidance: 3 },
  { policy: 'split-softmax', strength: 0.3, guidance: 1.5, silence: [[1, 0]] },
  { policy: 'floor', strength: 1, target: { kind: 'not', of: { kind: 'prefix' } } },
  { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.3 } },
  { policy: 'split-softmax', schedule: { kind: 'target', share: 0.7 } },
];

describe('a chat whose answers are given', () => {
  it.each(ARMS)('has the logits of a chat that generates them, with %o', async (settings) => {
    const { turns, logits } = await chatUnder(settings);
    const forced = openForcedChat(llama, { system: SYSTEM, ...settings });
    const off = openForcedChat(llama, { system: SYSTEM });
    let moved = 0;
    for (const [index, { user, assistant, ids }] of turns.entries()) {
      const turn = await forced.read(user, assistant);
      expect(turn.chosen).toEqual(ids);
      const untouched = await off.read(user, assistant);
      let worst = 0;
      for (const [row, scores] of logits[index]!.entries()) {
        for (const [id, score] of scores.entries()) {
          worst = Math.max(worst, Math.abs(score - turn.logits[row * VOCAB + id]!));
          moved = Math.max(moved, Math.abs(score - untouched.logits[row * VOCAB + id]!));
        }
      }
      expect(worst, `turn ${index + 1}`).toBeLessThan(1e-3);
    }
    // Agreement to a thousandth is no accident: every policy moves the logits much farther.
    if (settings !== ARMS[0]) expect(moved).toBeGreaterThan(0.02);
    forced.dispose();
    off.dispose();
  });

  it.each(ARMS)('has the same rows in blocks of any size, with %o', async (settings) => {
    const whole = openForcedChat(llama, { system: SYSTEM, ...settings });
    const turns = [];
    for (const words of WORDS) turns.push(await whole.read(words, 'hold the rope fast'));
    whole.dispose();
    for (const most of [1, 2, 1000]) {
      const chat = openForcedChat(llama, { system: SYSTEM, ...settings });
      for (const [index, words] of WORDS.entries()) {
        const { steps, end } = await collect(chat.readInBlocks(words, 'hold the rope fast', most));
        const { chosen, logits, shares } = turns[index]!;
        expect(steps.flatMap((block) => block.chosen)).toEqual(chosen);
        expect(steps.every((block) => block.chosen.length <= most)).toBe(true);
        expect(end).toMatchObject({ chosen, shares });
        const own = steps.flatMap((block) => [...block.logits]);
        const worst = Math.max(...own.map((score, at) => Math.abs(score - logits[at]!)));
        expect(worst, `turn ${index + 1} in blocks of ${most}`).toBeLessThan(1e-4);
      }
      chat.dispose();
    }
  });

  it('reads a turn without logits as part of the dialogue, and drops one that is not read to its end', async () => {
    const read = async (first: 'whole' | 'silent' | 'broken') => {
      const chat = openForcedChat(llama, { system: SYSTEM, policy: 'sustain' });
      if (first === 'broken') {
        const blocks = chat.readInBlocks(WORDS[0]!, 'hold the rope', 1);
        await blocks.next();
        await blocks.return(undefined as never);
      }
      if (first === 'whole') await chat.read(WORDS[0]!, 'hold fast');
      else expect((await collect(chat.readInBlocks(WORDS[0]!, 'hold fast', 0))).steps).toEqual([]);
      const { logits } = await chat.read(WORDS[1]!, 'hold');
      chat.dispose();
      return logits;
    };
    const whole = await read('whole');
    expect(await read('silent')).toEqual(whole);
    expect(await read('broken')).toEqual(whole);
  });

  it('forwards every token once, and token by token only if the strength changes with tokens', async () => {
    const read = async (settings: SteeringOptions): Promise<number[]> => {
      const passes: number[] = [];
      const watched = spyOnModel(llama, ({ tokens }) => {
        passes.push(tokens.length);
      });
      const chat = openForcedChat(watched, { system: SYSTEM, ...settings });
      for (const words of WORDS) await chat.read(words, 'hold fast');
      expect(passes.reduce((sum, tokens) => sum + tokens, 0)).toBe(chat.length);
      chat.dispose();
      return passes;
    };
    expect(await read({ policy: 'sustain' })).toHaveLength(WORDS.length);
    const byToken = await read({ policy: 'split-softmax', schedule: { kind: 'target', share: 0.7 } });
    expect(byToken.filter((tokens) => tokens > 1)).toHaveLength(WORDS.length);
  });

  it('has the shares of its ranges in the rows that chose the answer', async () => {
    const ranges = [
      { start: 0, end: 1 },
      { start: 3, end: 9 },
    ];
    const shares = async (settings: SteeringOptions): Promise<Float32Array> => {
      const chat = openForcedChat(llama, { system: SYSTEM, ...settings, ranges });
      await chat.read(WORDS[0]!, 'hold fast');
      const turn = await chat.read(WORDS[1]!, 'hold');
      chat.dispose();
      expect(turn.shares).toHaveLength(12 * turn.chosen.length * 2);
      return turn.shares;
    };
    const inOne = await shares({ policy: 'off' });
    const byToken = await shares({
      policy: 'split-softmax',
      schedule: { kind: 'per-token', from: 1, to: 1, rate: 1 },
    });
    for (const [at, share] of inOne.entries()) expect(byToken[at]!).toBeCloseTo(share, 5);
  });
});
