import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { collectRounds, spyOnModel, TRIAL } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { Session } from '../engine/index.js';
import type { ForwardResult, Intervention } from '../executors/index.js';
import { layoutDialogue, type Message, type MessageLayout, placeOf, wordsAt } from '../text/index.js';
import { loadGrammar } from './grammar.js';
import { referencePass } from './reference-pass.js';
import { runTrial } from './run-trial.js';
import { spansOf, type TrialArm } from './trial-arm.js';

const OFF: TrialArm = { name: 'off', settings: { policy: 'off' } };
const GROWING: TrialArm = {
  name: 'growing',
  settings: { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.4, step: 0.3 } },
};
const HEADS = 4;

let model: Model;
let gemma: Model;
beforeAll(async () => {
  [model, gemma] = await Promise.all([loadFixture('llama'), loadFixture('gemma3')]);
});
afterAll(() => Promise.all([model.dispose(), gemma.dispose()]));

/** Runs the unmodified model on the whole dialogue in one pass; also returns the positions of the reference answers. */
async function wholePass(
  of: Model,
): Promise<{ ids: readonly number[]; result: ForwardResult; answers: MessageLayout[] }> {
  const messages: Message[] = [
    { role: 'system', content: TRIAL.system },
    ...TRIAL.rounds.flatMap(({ user, reference }): Message[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: reference },
    ]),
  ];
  const layout = layoutDialogue(of.format!, messages, { addGenerationPrompt: false, now: NOW });
  const attention = of.executor.blueprint.layers.map((_, layer) => layer);
  const session = new Session(of.executor);
  const result = await session.advance(layout.ids, { logits: 'all', taps: { attention } });
  session.dispose();
  return {
    ids: layout.ids,
    result,
    answers: layout.messages.filter(({ role }) => role === 'assistant'),
  };
}

/** Returns −log softmax(logits)[id] by direct summation. */
function lossAt(logits: Float32Array, row: number, id: number): number {
  const scores = Array.from(logits.slice(row * 512, (row + 1) * 512));
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return -Math.log(Math.exp(scores[id]!) / total);
}

/** Returns the attention of each row and head to tokens `[start, end)`, for the rows that chose the answer's tokens. */
function sharesOf(
  result: ForwardResult,
  tokens: number,
  message: MessageLayout,
  [start, end]: readonly [number, number],
  layers: readonly number[],
): number[] {
  const content = wordsAt(placeOf(message));
  return layers.flatMap((layer) => {
    const attention = result.attention.get(layer)!;
    return Array.from({ length: HEADS }, (_, head) => head).flatMap((head) =>
      Array.from({ length: content.end - content.start + 1 }, (_, index) => {
        const row = (head * tokens + content.start - 1 + index) * tokens;
        return attention.slice(row + start, row + end).reduce((sum, weight) => sum + weight, 0);
      }),
    );
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('a reference pass', () => {
  it('under the arm off has the losses of the unmodified model, including the end of each turn', async () => {
    const { ids, result, answers } = await wholePass(model);
    const rounds = await referencePass(model, TRIAL, OFF);
    expect(rounds).toHaveLength(TRIAL.rounds.length);
    for (const [index, answer] of answers.entries()) {
      const content = wordsAt(placeOf(answer));
      const chosen = Array.from({ length: content.end + 1 - content.start }, (_, i) => content.start + i);
      expect(model.tokenizer!.decode([ids[content.end]!])).toBe('<|im_end|>');
      expect(rounds[index]!.tokens).toBe(chosen.length);
      const loss = chosen.reduce((sum, at) => sum + lossAt(result.logits, at - 1, ids[at]!), 0);
      expect(rounds[index]!.loss, `round ${index + 1}`).toBeCloseTo(loss, 3);
    }
  });

  it('has the shares of the attention rows that chose the answers', async () => {
    const { ids, result, answers } = await wholePass(model);
    const { prefix, after } = spansOf(model, TRIAL, NOW);
    const rounds = await referencePass(model, TRIAL, OFF);
    for (const [index, answer] of answers.entries()) {
      const to = (...range: [number, number]) => sharesOf(result, ids.length, answer, range, [0, 1, 2]);
      const shares = to(0, prefix.end).sort((a, b) => a - b);
      const round = rounds[index]!;
      expect(round.prefix.mean, `round ${index + 1}`).toBeCloseTo(mean(shares), 5);
      const middle =
        (shares[Math.floor((shares.length - 1) / 2)]! + shares[Math.ceil((shares.length - 1) / 2)]!) / 2;
      expect(round.prefix.median).toBeCloseTo(middle, 5);
      expect(round.prefix.above).toBeCloseTo(shares.filter((share) => share > 0.5).length / shares.length, 2);
      expect(round.prefix.below).toBeCloseTo(
        shares.filter((share) => share < 1e-3).length / shares.length,
        2,
      );
      const beyond = shares.filter((share) => share > round.prefix.ninetieth).length;
      expect(beyond / shares.length).toBeCloseTo(0.1, 1.5);
      expect(round.sink).toBeCloseTo(mean(to(0, 1)), 5);
      expect(round.after).toBeCloseTo(mean(to(after.start, after.end)), 5);
    }
  });

  it('leaves out the layers with a sliding window', async () => {
    const { ids, result, answers } = await wholePass(gemma);
    const { prefix } = spansOf(gemma, TRIAL, NOW);
    const [round] = await referencePass(gemma, TRIAL, OFF);
    const shares = sharesOf(result, ids.length, answers[0]!, [0, prefix.end], [5]);
    expect(round!.prefix.mean).toBeCloseTo(mean(shares), 5);
  });

  it('acts in each turn as a chat does', async () => {
    const two = { ...TRIAL, rounds: TRIAL.rounds.slice(0, 2) };
    const arms: readonly TrialArm[] = [
      OFF,
      GROWING,
      {
        name: 'a floor under the sink',
        settings: { policy: 'floor', schedule: { kind: 'constant', strength: 0.2 } },
        target: 'sink',
      },
      {
        name: 'two heads and the span after the prefix',
        settings: { policy: 'pasta', strength: 0.5, layers: [1], heads: [0, 2] },
        target: 'after',
      },
    ];
    for (const arm of arms) {
      const seen: Intervention[] = [];
      const watched = spyOnModel(model, ({ intervention }, { logits }) => {
        logits[model.format!.tokenizer.endOfTurnIds[0]!] = 1e3; // empty answers keep the test fast
        if (JSON.stringify(intervention) !== JSON.stringify(seen.at(-1))) seen.push(intervention!);
      });
      await collectRounds(runTrial(watched, loadGrammar(), two, arm, new Set()));
      const inChat = seen.splice(0);
      await referencePass(watched, two, arm);
      expect(seen, arm.name).toEqual(inChat);
      expect(seen).toHaveLength(arm === GROWING ? 2 : 1);
    }
  });

  it('at strength 1 equals the arm off bit for bit, and at another strength does not', async () => {
    const off = await referencePass(model, TRIAL, OFF);
    const held = (strength: number): TrialArm => ({
      name: 'held',
      settings: { policy: 'split-softmax', strength },
    });
    expect(await referencePass(model, TRIAL, held(1))).toEqual(off);
    const losses = (await referencePass(model, TRIAL, held(0.5))).map(({ loss }) => loss);
    for (const [index, loss] of losses.entries()) expect(loss).not.toBe(off[index]!.loss);
  });

  it('does not recompute a turn with the strength of a later turn', async () => {
    const passes: { past: number; tokens: readonly number[] }[] = [];
    const watched = spyOnModel(model, ({ tokens, sequence }) => {
      passes.push({ past: sequence.length - tokens.length, tokens: Array.from(tokens) });
    });
    const rounds = await referencePass(watched, TRIAL, GROWING);
    const { ids, answers } = await wholePass(model);
    expect(passes.flatMap(({ tokens }) => tokens)).toEqual(
      ids.slice(0, wordsAt(placeOf(answers.at(-1)!)).end),
    );
    expect(passes.map(({ past }) => past)).toEqual([
      0,
      ...answers.slice(0, -1).map((answer) => wordsAt(placeOf(answer)).end),
    ]);
    const shorter = { ...TRIAL, rounds: TRIAL.rounds.slice(0, 2) };
    expect(await referencePass(model, shorter, GROWING)).toEqual(rounds.slice(0, 2));
  });

  it('follows a strength that changes within a turn, as a chat with the same answers does', async () => {
    const arms: TrialArm['settings'][] = [
      { policy: 'sustain' },
      { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.5, rate: 0.1 } },
      { policy: 'split-softmax', schedule: { kind: 'target', share: 0.6 } },
    ];
    const off = await referencePass(model, TRIAL, OFF);
    for (const settings of arms) {
      const rounds = await referencePass(model, TRIAL, { name: 'an arm', settings });
      const losses = rounds.map(({ loss }) => loss);
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(losses.at(-1), settings.policy).not.toBe(off.at(-1)!.loss);
    }
    // @ts-expect-error: split-softmax needs a strength
    const missing: TrialArm = { name: 'odd', settings: { policy: 'split-softmax' } };
    await expect(referencePass(model, TRIAL, missing)).rejects.toThrow(/E_STRENGTH/);
  });
});
