import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import { assertTouched, parseTarget } from '../attention/index.js';
import type { Model } from '../engine/index.js';
import type { ChatOptions } from './chat-options.js';
import { openChat } from './open-chat.js';
import type { Turn } from './turn.js';

const POLICY = { policy: 'split-softmax', strength: 0.6 } as const;

/** Asks a message, and returns the turn with the notices that came before its first token. */
async function askNoting(
  model: Model,
  texts: readonly string[],
  options: ChatOptions,
): Promise<{ readonly turns: readonly Turn[]; readonly notices: readonly (readonly string[])[] }> {
  const chat = openChat(model, { ...CHAT, ...options });
  const notices: string[][] = [];
  for (const text of texts) {
    const said: string[] = [];
    let tokens = 0;
    const notify = (notice: string) => {
      expect(tokens, 'the notice comes before the answer').toBe(0);
      said.push(notice);
    };
    for await (const _ of chat.answer(text, { notify })) tokens++;
    notices.push(said);
  }
  const { turns } = chat;
  chat.dispose();
  return { turns, notices };
}

describe('a policy whose target has left every window', () => {
  const TEXTS = ['hello', 'and the rope?', 'once more'];
  let mistral: Model; // all layers have a window of 20 tokens
  beforeAll(async () => {
    mistral = await loadFixture('mistral');
  });
  afterAll(() => mistral.dispose());

  it('says so before the answer, and the answer is that of the policy off', async () => {
    const held = await askNoting(mistral, TEXTS, POLICY);
    const off = await askNoting(mistral, TEXTS, {});
    const last = held.turns.at(-1)!;
    expect(held.notices.at(-1)).toEqual([last.notice]);
    const [, back] =
      /^no layer sees the system prompt any more: its last token is (\d+) tokens back, the widest window is 20$/.exec(
        last.notice!,
      ) ?? [];
    expect(Number(back)).toBeGreaterThanOrEqual(20);
    expect(last.shares!.mean).toBeNull();
    expect(last.parts.prompt!.mean).toBeNull();
    expect(last.parts.prompt!.heads.before.every(Number.isNaN)).toBe(true);
    expect(last.receipt).toMatchObject({
      touched: [0, 0, 0],
      headsAsked: [0, 0, 0],
      changeable: [0, 0, 0],
      meanBefore: [null, null, null],
      untouched: null,
    });
    expect(() => assertTouched(held.turns)).not.toThrow();
    expect(off.turns.at(-1)!.notice).toBeNull();
    expect(off.turns.at(-1)!.parts.prompt!.mean).toBeNull();
  });

  it('is no error in a dialogue in which it never was in sight', async () => {
    const user = 'a message that is longer than the window of every layer of this model, by far';
    const history = [
      { role: 'user', content: user },
      { role: 'assistant', content: user },
    ] as const;
    const cached = openChat(mistral, { ...CHAT, history });
    await ask(cached, 'hello');
    cached.configure(POLICY);
    const { turn } = await ask(cached, 'hello');
    expect(turn.notice).toMatch(/^no layer sees the system prompt any more/);
    expect(() => assertTouched(cached.turns)).not.toThrow();
    cached.dispose();
  });

  it('still acts on rows of the prompt that see the target', async () => {
    const user = 'a message that is longer than the window of every layer of this model, by far';
    const { turns } = await askNoting(mistral, [user], POLICY);
    const [{ notice, receipt, shares }] = turns as [Turn];
    expect(notice).toMatch(/^no layer sees the system prompt any more/);
    expect(receipt!.touched.every((pairs) => pairs > 0)).toBe(true);
    expect(shares!.mean).toBeNull();
  });

  it('names the target, and the layers that it acts on', async () => {
    const gemma = await loadFixture('gemma3'); // layer 5 of 7 has no window
    const words = await askNoting(mistral, TEXTS, { ...POLICY, target: { kind: 'content' } });
    expect(words.turns.at(-1)!.notice).toMatch(/^no layer sees the target content any more/);
    const some = await askNoting(gemma, TEXTS, { ...POLICY, layers: [0, 1] });
    expect(some.turns.at(-1)!.notice).toMatch(/^no layer that the policy acts on sees the system prompt any/);
    const all = await askNoting(gemma, TEXTS, POLICY);
    expect(all.turns.map(({ notice }) => notice)).toEqual([null, null, null]);
    const rest = await askNoting(mistral, TEXTS, {
      ...{ policy: 'floor', strength: 1, target: parseTarget('not:message') },
    });
    expect(rest.turns.at(-1)!.notice).toBe(
      'no layer sees a token outside the target not:message: the widest window is 20',
    );
    await gemma.dispose();
  });

  it('leaves the mean share out of the steps that do not see it', async () => {
    const chat = openChat(mistral, { ...CHAT, ...POLICY });
    const answers = [];
    for (const text of TEXTS) answers.push((await ask(chat, text)).steps);
    const means = answers.flatMap((steps) => steps.map(({ shares }) => shares.target));
    expect(means[0]).not.toBeNull();
    expect(means.at(-1)).toBeNull();
    for (const { shares } of answers.flat()) {
      expect(shares.spans.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5);
    }
    chat.dispose();
  });

  it('does not measure the strengths of sustain in an answer that sees nothing', async () => {
    const long = 'a message that is longer than the window of every layer of this model, by far';
    const { turns } = await askNoting(mistral, [long, long], { policy: 'sustain' });
    expect(turns.map(({ measuring }) => measuring)).toEqual([true, false]);
    expect(turns[1]!.notice).toMatch(/^no layer sees/);
  });
});

describe('a policy whose target is not in the dialogue yet', () => {
  let llama: Model;
  beforeAll(async () => {
    llama = await loadFixture('llama');
  });
  afterAll(() => llama.dispose());
  const TEXTS = ['hello', 'and the rope, which is long?', 'once more, please', 'and the knot?'];

  it.each(['random:1', 'not:random:1', '70:80', 'not:70:80', '0:70', 'not:0:70'])(
    'waits for %s, says for how many tokens, and then acts',
    async (name) => {
      const target = parseTarget(name);
      const policy = { policy: 'floor', strength: name.startsWith('not') ? 1 : 0.9, target } as const;
      const { turns, notices } = await askNoting(llama, TEXTS, policy);
      const waiting = turns.filter(({ notice }) => notice !== null);
      expect(waiting.length).toBeGreaterThan(0);
      expect(waiting.length).toBeLessThan(turns.length);
      for (const { notice, timing, receipt, strength } of waiting) {
        const [, more, needed, has] =
          /^the policy waits for (\d+) more tokens: the target .* needs (\d+), and the dialogue has (\d+)$/.exec(
            notice!,
          )!;
        expect(Number(has)).toBe(timing.promptTokens);
        expect(Number(more)).toBe(Number(needed) - Number(has));
        expect(strength).toBeNull();
        expect(receipt?.headsAsked ?? [0, 0, 0]).toEqual([0, 0, 0]);
      }
      expect(notices.map(([first]) => first ?? null)).toEqual(turns.map(({ notice }) => notice));
      // It waits at the start only, and then acts in every turn.
      expect(turns.slice(waiting.length).every(({ receipt }) => receipt!.touched.some((n) => n > 0))).toBe(
        true,
      );
    },
  );

  it('still refuses a target that the dialogue never has', async () => {
    const chat = openChat(llama, { ...CHAT, system: '', ...POLICY, target: { kind: 'content' } });
    await expect(ask(chat, 'hello')).rejects.toMatchObject({ code: 'E_TARGET' });
    chat.dispose();
  });
});
