import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, collect, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { chatFormat, type TemplateMessage } from '../text/index.js';
import { DialogueCache } from './dialogue-cache.js';
import { openChat } from './open-chat.js';
import { changeSettings, defaultSettings, type Settings } from './settings.js';
import type { SettingsChanges } from './settings-options.js';
import type { Turn } from './turn.js';

const WORDS = ['Where does it end?', 'Pull harder.', 'And now?'];
const BY_TURN = {
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.3 },
} as const;
const system: TemplateMessage = { role: 'system', content: SYSTEM };

/**
 * While this is set, the model says one word and ends its turn: the tokens of a random model are seldom those that their text
 * encodes to.
 */
let brief = false;

let model: Model;
beforeAll(async () => {
  const loaded = await loadFixture('llama');
  const word = loaded.tokenizer!.encode('rope')[0]!;
  const end = loaded.tokenizer!.endOfTurnIds.at(-1)!;
  model = spyOnModel(loaded, ({ tokens }, { logits }) => {
    if (!brief || logits.length === 0) return;
    logits.fill(-1e9);
    logits[tokens.at(-1) === word ? end : word] = 0;
  });
});
afterAll(() => model.dispose());

const settingsWith = (changes: SettingsChanges): Settings =>
  changeSettings(
    defaultSettings(256),
    { sampling: CHAT.sampling, maxTokens: CHAT.maxTokens, ...changes } as SettingsChanges,
    model,
  );

/** Answers a dialogue with a cache, and reports the log probability of each token. */
async function answered(
  cache: DialogueCache,
  messages: readonly TemplateMessage[],
  changes: SettingsChanges,
): Promise<{ readonly turn: Turn; readonly probabilities: readonly number[] }> {
  const prepared = cache.prepare({ messages, settings: settingsWith(changes), now: NOW });
  const { steps, end } = await collect(cache.answer(prepared));
  return { turn: end!, probabilities: steps.map(({ logProbability }) => logProbability) };
}

/** Leads a dialogue with one cache, every request with all messages so far. */
async function led(cache: DialogueCache, changes: SettingsChanges): Promise<TemplateMessage[]> {
  const messages: TemplateMessage[] = [system];
  for (const content of WORDS) {
    messages.push({ role: 'user', content });
    brief = true;
    const { turn } = await answered(cache, messages, changes);
    brief = false;
    expect(turn.finish).toBe('stop');
    messages.push({ role: 'assistant', content: turn.assistant });
  }
  return messages;
}

const POLICIES: readonly SettingsChanges[] = [
  { policy: 'off' },
  { policy: 'split-softmax', strength: 0.3 },
  BY_TURN,
  { ...BY_TURN, cache: 'clean' },
  { policy: 'boost', strength: 4, target: { kind: 'template' } },
  { policy: 'off', silence: [[0, 1]] },
  { policy: 'boost', strength: 4, cache: 'clean', silence: [[0, 1]] },
];

describe('a cache that answers whole dialogues', () => {
  it.each(POLICIES)('gives the answers of a chat, and computes only new tokens, with %o', async (policy) => {
    const cache = new DialogueCache(model, 256);
    const chat = openChat(model, { ...CHAT, contextLength: 256, now: NOW, ...policy } as never);
    const messages: TemplateMessage[] = [system];
    for (const [index, content] of WORDS.entries()) {
      messages.push({ role: 'user', content });
      const sampling = { ...CHAT.sampling, seed: CHAT.sampling.seed + index };
      const { turn } = await answered(cache, messages, { ...policy, sampling } as SettingsChanges);
      const { turn: expected } = await ask(chat, content);
      expect(turn.ids).toEqual(expected.ids);
      expect(turn.timing.reusedTokens).toBe(expected.timing.reusedTokens);
      expect(turn.strength).toEqual(expected.strength);
      expect(turn.number).toBe(expected.number);
      messages.push({ role: 'assistant', content: turn.assistant });
    }
    chat.dispose();
    cache.dispose();
  });

  it.each(POLICIES)(
    'gives the same answer if it has seen nothing of the dialogue, with %o',
    async (policy) => {
      const kept = new DialogueCache(model, 256);
      const messages = [...(await led(kept, policy)), { role: 'user', content: 'Hold on.' } as const];
      const warm = await answered(kept, messages, policy);
      const lost = new DialogueCache(model, 256);
      const cold = await answered(lost, messages, policy);
      expect(warm.turn.timing.reusedTokens).toBeGreaterThan(cold.turn.timing.reusedTokens);
      expect(cold.turn.ids).toEqual(warm.turn.ids);
      for (const [index, value] of cold.probabilities.entries()) {
        expect(value).toBeCloseTo(warm.probabilities[index]!, 4);
      }
      kept.dispose();
      lost.dispose();
    },
  );

  it('computes tokens again that were computed under other steering', async () => {
    const cache = new DialogueCache(model, 256);
    const messages = [...(await led(cache, BY_TURN)), { role: 'user', content: 'Hold on.' } as const];
    const [one, other] = [[[0, 1]], [[1, 2]]] as const;
    const steerings: readonly SettingsChanges[] = [
      { policy: 'off' },
      BY_TURN,
      { policy: 'split-softmax', strength: 0.3 },
      { policy: 'off', silence: one, guidance: 1.5 },
      { policy: 'off', silence: other, guidance: 1.5 },
      { policy: 'off', guidance: 1.5 },
      { policy: 'boost', strength: 4, cache: 'clean', silence: one },
      { policy: 'boost', strength: 4, cache: 'clean', silence: other },
      { policy: 'boost', strength: 4, silence: one },
      { policy: 'off' },
    ];
    for (const policy of steerings) {
      const fresh = new DialogueCache(model, 256);
      const expected = await answered(fresh, messages, policy);
      const found = await answered(cache, messages, policy);
      expect(found.turn.ids).toEqual(expected.turn.ids);
      for (const [index, value] of found.probabilities.entries()) {
        expect(value).toBeCloseTo(expected.probabilities[index]!, 4);
      }
      fresh.dispose();
    }
    cache.dispose();
  });

  it('computes the last message again if it must be steered, and the cache has it without the policy', async () => {
    const messages = [system, { role: 'user', content: 'hello' }] as const;
    const policy = { policy: 'boost', strength: 4, cache: 'clean' } as const;
    const cache = new DialogueCache(model, 256);
    await answered(cache, messages, { policy: 'off', cache: 'clean' });
    const found = await answered(cache, messages, policy);
    const fresh = new DialogueCache(model, 256);
    const expected = await answered(fresh, messages, policy);
    expect(found.turn.timing.reusedTokens).toBeGreaterThan(0);
    for (const [index, value] of found.probabilities.entries()) {
      expect(value).toBeCloseTo(expected.probabilities[index]!, 4);
    }
    cache.dispose();
    fresh.dispose();
  });

  it('keeps no tokens of a dialogue that it forgets if a policy has changed them', async () => {
    const messages = [system, { role: 'user', content: 'hello' }] as const;
    const cache = new DialogueCache(model, 256);
    for (const [policy, keeps] of [
      [{ policy: 'boost', strength: 4 }, false],
      [{ policy: 'off' }, true],
    ] as const) {
      await answered(cache, messages, policy);
      cache.forget();
      expect(cache.session.length > 0).toBe(keeps);
    }
    cache.dispose();
  });

  it('says how many messages a dialogue continues, under the same steering only', async () => {
    const cache = new DialogueCache(model, 256);
    const messages = await led(cache, BY_TURN);
    const shared = (dialogue: readonly TemplateMessage[], changes: SettingsChanges): number =>
      cache.shared({ messages: dialogue, settings: settingsWith(changes) }).messages;
    expect(shared([...messages, { role: 'user', content: 'More.' }], BY_TURN)).toBe(7);
    expect(shared([system, { role: 'user', content: 'Another.' }], BY_TURN)).toBe(1);
    expect(shared(messages, { policy: 'off' })).toBe(0);
    cache.forget();
    expect(shared(messages, BY_TURN)).toBe(0);
    cache.dispose();
  });

  it('tells messages apart by the calls of tools in them', async () => {
    const cache = new DialogueCache(model, 256);
    const [user, answer] = [
      { role: 'user', content: 'hello' } as const,
      { role: 'tool', content: 'x' } as const,
    ];
    const dialogue = [system, user, { ...answer, toolCallId: 'a' }];
    await answered(cache, dialogue, {});
    const settings = settingsWith({});
    expect(
      cache.shared({ messages: [system, user, { ...answer, toolCallId: 'a' }], settings }).messages,
    ).toBe(3);
    for (const other of [answer, { ...answer, toolCallId: 'b' }, { ...answer, toolCallId: 'a', name: 'n' }]) {
      expect(cache.shared({ messages: [system, user, other], settings }).messages).toBe(2);
    }
    cache.dispose();
  });

  it('refuses a dialogue whose template omits the message of a tool', () => {
    const template = "{% for m in messages if m.role != 'tool' %}<|im_start|>{{ m.content }}{% endfor %}";
    const format = chatFormat({ tokenizer: model.tokenizer!, template });
    const cache = new DialogueCache({ ...model, tokenizer: model.tokenizer, format }, 256);
    const messages = [
      { role: 'user', content: 'hello' },
      { role: 'tool', content: 'x' },
    ] as const;
    expect(() => cache.prepare({ messages, settings: settingsWith({}), now: NOW })).toThrow(
      expect.objectContaining({ code: 'E_TEMPLATE', field: 'messages.1' }),
    );
    cache.dispose();
  });

  it('has no system prompt where a system message has no words', () => {
    const cache = new DialogueCache(model, 256);
    const messages = [
      { role: 'system', content: ' \n' },
      { role: 'user', content: 'hello' },
    ] as const;
    const settings = settingsWith({ policy: 'boost', strength: 4 });
    expect(() => cache.prepare({ messages, settings, now: NOW })).toThrow(/E_TARGET/);
    cache.dispose();
  });

  it('continues after an answer that was left', async () => {
    const cache = new DialogueCache(model, 256);
    const messages = [system, { role: 'user', content: WORDS[0]! }] as const;
    const settings = settingsWith({ policy: 'off' });
    for await (const step of cache.answer(cache.prepare({ messages, settings, now: NOW }))) {
      expect(step.id).toBeGreaterThanOrEqual(0);
      break;
    }
    const control = new AbortController();
    control.abort();
    const stopped = cache.answer(cache.prepare({ messages, settings, now: NOW }), { signal: control.signal });
    expect((await collect(stopped)).end).toBeNull();
    const fresh = new DialogueCache(model, 256);
    const expected = await answered(fresh, messages, {});
    expect((await answered(cache, messages, {})).turn.ids).toEqual(expected.turn.ids);
    cache.dispose();
    fresh.dispose();
  });

  it('cuts an answer to what the context has left, and refuses a dialogue that leaves nothing', () => {
    const cache = new DialogueCache(model, 64);
    const prepare = (content: string) =>
      cache.prepare({
        messages: [{ role: 'user', content }],
        settings: settingsWith({ maxTokens: 1000 }),
        now: NOW,
      });
    const { prompt, settings } = prepare('hello');
    expect(settings.maxTokens).toBe(64 - prompt.ids.length);
    expect(() => prepare('the rope '.repeat(64))).toThrow(
      /E_CONTEXT_FULL: a dialogue of \d+ tokens leaves no room/,
    );
    cache.dispose();
  });

  it('counts user messages as turns, also where tools and several users speak in a row', async () => {
    const cache = new DialogueCache(model, 256);
    const messages: readonly TemplateMessage[] = [
      system,
      { role: 'user', content: 'hello' },
      { role: 'user', content: 'there' },
      { role: 'assistant', content: 'hold' },
      { role: 'tool', content: 'the rope is long' },
    ];
    const { turn } = await answered(cache, messages, BY_TURN);
    expect(turn.number).toBe(2);
    expect(turn.strength?.first).toBeCloseTo(0.7);
    cache.dispose();
  });

  it('forbids and demands tokens by bias, and penalises those of the answer', async () => {
    const cache = new DialogueCache(model, 256);
    const messages = [{ role: 'user', content: 'hello' }] as const;
    const greedy = settingsWith({ sampling: { temperature: 0 } });
    const run = async (adjust: Parameters<DialogueCache['answer']>[1]): Promise<readonly number[]> =>
      (await collect(cache.answer(cache.prepare({ messages, settings: greedy, now: NOW }), adjust))).end!.ids;
    const plain = await run({});
    const without = await run({ adjust: { bias: new Map([[plain[0]!, -100]]) } });
    expect(without).not.toContain(plain[0]);
    const word = model.tokenizer!.encode('rope')[0]!;
    expect(new Set(await run({ adjust: { bias: new Map([[word, 100]]) } }))).toEqual(new Set([word]));
    cache.dispose();
  });
});
