import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, collect, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import type { FamilyName } from '../../test/support/families.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { scriptedChat } from '../../test/support/scripted-chat.js';
import { type Model, Session } from '../engine/index.js';
import type { Chat } from './chat.js';
import type { ChatOptions } from './chat-options.js';
import { loadDialogue, saveDialogue } from './dialogue-file.js';
import { openForcedChat } from './forced-chat.js';
import { openChat } from './open-chat.js';
import { replayDialogue } from './replay.js';
import type { SteeringOptions } from './settings-options.js';

const WORDS = ['hello', 'and the rope?', 'again', 'once more'];
const STRONG = { policy: 'split-softmax', strength: 0.3 } as const;

const loaded = new Map<string, Promise<Model>>();
const modelOf = (family: FamilyName, executor: 'reference' | 'cpu'): Promise<Model> => {
  const key = `${family} ${executor}`;
  const known = loaded.get(key) ?? loadFixture(family, executor);
  loaded.set(key, known);
  return known;
};

let model: Model;
beforeAll(async () => {
  model = await modelOf('llama', 'reference');
});
afterAll(() => Promise.all([...loaded.values()].map(async (each) => (await each).dispose())));

const open = (options: ChatOptions = STRONG, of = model): Chat =>
  openChat(of, { ...CHAT, cache: 'clean', ...options });

/** Returns a chat that has answered these messages. */
async function answered(chat: Chat, words: readonly string[] = WORDS): Promise<Chat> {
  for (const text of words) await ask(chat, text);
  return chat;
}

/**
 * Returns how far the cache before the last message is from an untouched model's: the largest difference of the logits of
 * the rest of the prompt, whose rows see every key. Both compute the cache in passes that end at `ends`.
 */
async function distanceFromUntouched({ session, turns }: Chat, ends: readonly number[]): Promise<number> {
  const past = ends.at(-1)!;
  const tokens = session.tokens.slice(0, turns.at(-1)!.timing.promptTokens);
  const untouched = new Session(session.executor, { contextLength: session.contextLength });
  for (const end of ends) await untouched.advance(tokens.slice(untouched.length, end), { logits: 'none' });
  const expected = (await untouched.advance(tokens.slice(past), { logits: 'all' })).logits;
  untouched.dispose();
  session.rewind(past);
  const { logits } = await session.advance(tokens.slice(past), { logits: 'all' });
  return logits.reduce((worst, logit, at) => Math.max(worst, Math.abs(logit - expected[at]!)), 0);
}

/** Where the clean passes of a dialogue end: before the message of each turn. */
const pastsOf = ({ turns }: Chat): number[] => turns.map(({ cleaned }) => cleaned!.tokens);

describe('a clean cache', () => {
  it.each([
    ['llama', 'reference'],
    ['qwen2', 'reference'],
    ['gemma3', 'reference'],
    ['mistral', 'reference'],
    ['llama', 'cpu'],
    ['gemma3', 'cpu'],
  ] as const)(
    'is, before every answer, that of the untouched model, bit for bit: %s on %s',
    async (family, executor) => {
      const of = await modelOf(family, executor);
      for (let turns = 1; turns <= 3; turns++) {
        const words = WORDS.slice(0, turns);
        const clean = await answered(open(STRONG, of), words);
        expect(await distanceFromUntouched(clean, pastsOf(clean)), `turn ${turns}`).toBe(0);
        if (turns === 1) continue;
        const held = await answered(open({ ...STRONG, cache: 'held' }, of), words);
        const { reusedTokens } = held.turns.at(-1)!.timing;
        expect(await distanceFromUntouched(held, [reusedTokens]), 'held').toBeGreaterThan(1e-3);
        clean.dispose();
        held.dispose();
      }
    },
  );

  const PRIMED = [
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: 'Hold the rope.' },
  ] as const;
  const CASES: readonly (readonly [name: string, options: ChatOptions])[] = [
    [
      'a schedule by turns',
      { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } },
    ],
    [
      'a schedule by tokens',
      { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.3 } },
    ],
    ['a schedule that follows shares', { policy: 'boost', schedule: { kind: 'target', share: 0.8 } }],
    ['a policy that first measures', { policy: 'sustain' }],
    ['the target prefix', { ...STRONG, target: { kind: 'prefix' } }],
    ['a random target', { ...STRONG, target: { kind: 'random', seed: 1 } }],
    ['some layers', { ...STRONG, layers: [0, 2] }],
    ['a prefix computed first', { ...STRONG, prefixFirst: true }],
    ['a given history', { ...STRONG, history: PRIMED }],
    ['guidance', { ...STRONG, guidance: 2 }],
    ['dropped turns', { ...STRONG, contextLength: 120, maxTokens: 20, onContextFull: 'drop-oldest' }],
  ];

  it.each(CASES)('is that of the untouched model with %s', async (_, options) => {
    const chat = await answered(open(options));
    // The reference executor computes a token the same, bit for bit, in whatever pass.
    expect(await distanceFromUntouched(chat, [chat.turns.at(-1)!.cleaned!.tokens])).toBe(0);
    if (options.onContextFull) expect(chat.turns.at(-1)!.dropped.length).toBeGreaterThan(0);
    chat.dispose();
  });

  it('is that of the untouched model after probes, an undo, a retry, an answer left early, and changed settings', async () => {
    const chat = await answered(open(), WORDS.slice(0, 2));
    await chat.probe('what is your name?');
    await collect(chat.retry());
    for await (const _ of chat.answer('left early')) break;
    chat.undo();
    chat.configure({ cache: 'held' });
    await answered(chat, ['two', 'three']);
    expect(chat.turns.at(-1)!.cleaned).toBeNull();
    chat.configure({ cache: 'clean', policy: 'boost', strength: 4 });
    const { cleanLength, length } = chat.session;
    const { turn } = await ask(chat, 'four');
    expect(cleanLength).toBeLessThan(chat.turns.at(-3)!.timing.promptTokens); // two turns were held
    expect(turn.cleaned!.recomputed).toBe(length - cleanLength);
    expect(await distanceFromUntouched(chat, [turn.cleaned!.tokens])).toBe(0);
    chat.dispose();
  });

  it('leaves what is spoken as it is: the first answer is that of a held cache, later ones are not', async () => {
    const target = { kind: 'prefix' } as const; // the system prompt's own rows are the same then
    const [clean, held] = [
      await answered(open({ ...STRONG, target })),
      await answered(open({ ...STRONG, target, cache: 'held' })),
    ];
    const [first, ...later] = clean.turns;
    expect(first!.ids).toEqual(held.turns[0]!.ids);
    expect(first!.shares).toEqual(held.turns[0]!.shares);
    expect(first!.receipt!.touched.every((pairs) => pairs > 0)).toBe(true);
    expect(later.map(({ ids }) => ids)).not.toEqual(held.turns.slice(1).map(({ ids }) => ids));
    for (const { receipt, strength } of later) {
      expect(receipt!.touched.every((pairs) => pairs > 0)).toBe(true);
      expect(strength).toEqual({ first: 0.3, last: 0.3 });
    }
    clean.dispose();
    held.dispose();
  });

  it('costs the tokens of each turn once more, counted where they are computed', async () => {
    let forwarded = 0;
    const watched = spyOnModel(model, ({ tokens }) => {
      forwarded += tokens.length;
    });
    const chat = open(STRONG, watched);
    for (const text of WORDS) {
      const [before, { length, cleanLength }] = [forwarded, chat.session];
      const { turn } = await ask(chat, text);
      const { promptTokens, reusedTokens, decodedTokens } = turn.timing;
      expect(forwarded - before).toBe(promptTokens - reusedTokens + decodedTokens);
      expect(reusedTokens).toBe(cleanLength);
      expect(turn.cleaned!.recomputed).toBe(length - cleanLength);
      expect(chat.session.cleanLength).toBe(turn.cleaned!.tokens);
    }
    // A probe computes the last turn again; the next answer finds it clean.
    const probe = (await chat.probe('what is your name?'))!;
    expect(probe.cleaned!.recomputed).toBeGreaterThan(0);
    const { turn } = await ask(chat, 'the last');
    expect(turn.cleaned!.recomputed).toBe(0);
    expect(turn.timing.reusedTokens).toBe(probe.cleaned!.tokens);
    chat.dispose();
  });

  it('is, with probes in between, the same dialogue, bit for bit', async () => {
    for (const of of [model, await modelOf('llama', 'cpu')]) {
      const [plain, probed] = [open(STRONG, of), open(STRONG, of)];
      for (const text of WORDS) {
        const { turn } = await ask(plain, text);
        const again = (await ask(probed, text)).turn;
        expect([again.ids, again.shares]).toEqual([turn.ids, turn.shares]);
        await probed.probe('what is your name?', { seed: 7 });
      }
      plain.dispose();
      probed.dispose();
    }
  });

  it('computes the past again when other heads are silenced, and reuses it while the same ones are', async () => {
    const chat = open({ ...STRONG, silence: [[0, 1]] });
    await answered(chat, WORDS.slice(0, 2));
    const { turn } = await ask(chat, 'again');
    expect(turn.timing.reusedTokens).toBe(chat.turns[1]!.cleaned!.tokens);
    for (const silence of [[[1, 2]], [[0, 1]], []] as const) {
      chat.configure({ silence });
      const found = (await ask(chat, 'once more', { seed: 3 })).turn;
      expect(found.timing.reusedTokens).toBe(0);
      chat.undo();
      chat.keep({ dialogue: 0, without: 0 });
      const cold = (await ask(chat, 'once more', { seed: 3 })).turn;
      expect([found.ids, found.shares]).toEqual([cold.ids, cold.shares]);
      chat.undo();
    }
    chat.dispose();
  });

  it('does nothing while the policy is off', async () => {
    const [chat, off] = [open({ policy: 'off' }), openChat(model, CHAT)];
    for (const text of WORDS) {
      const { turn } = await ask(chat, text);
      const plain = (await ask(off, text)).turn;
      expect(turn.cleaned).toBeNull();
      expect([turn.ids, turn.timing.reusedTokens]).toEqual([plain.ids, plain.timing.reusedTokens]);
    }
    chat.dispose();
    off.dispose();
  });

  it('is saved with the dialogue, replayed, and continued', async () => {
    const chat = await answered(open({ ...STRONG, guidance: 1.5 }));
    const saved = loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;
    expect(saved.turns[0]!.cache).toBe('clean');
    const { difference, chat: replayed } = await replayDialogue(model, saved);
    expect(difference).toBeNull();
    const next = [(await ask(chat, 'and then?')).turn, (await ask(replayed, 'and then?')).turn];
    expect(next[0]!.cleaned!.recomputed).toBeGreaterThan(0);
    expect(next[1]).toMatchObject({ ids: next[0]!.ids, shares: next[0]!.shares, cleaned: next[0]!.cleaned });
    chat.dispose();
    replayed.dispose();
  });

  it('is held in files of older versions', async () => {
    const chat = await answered(openChat(model, { ...CHAT, ...STRONG }), ['hello']);
    const text = JSON.stringify(await saveDialogue(chat, '0.1.0'));
    const older = text.replaceAll('"cache":"held",', '');
    expect(older).not.toBe(text);
    expect(loadDialogue(JSON.parse(older)).saved).toEqual(JSON.parse(text));
    chat.dispose();
  });

  it('is refused by another name', () => {
    // @ts-expect-error: no kind of cache
    expect(() => open({ cache: 'dirty' })).toThrow('E_USAGE: "dirty" is not a kind of cache: held or clean');
  });
});

describe('a clean cache under given answers', () => {
  const ARMS: readonly SteeringOptions[] = [
    STRONG,
    { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } },
    { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.3 } },
    { policy: 'split-softmax', schedule: { kind: 'target', share: 0.7 } },
    { policy: 'boost', strength: 5, target: { kind: 'prefix' }, guidance: 1.5 },
    { policy: 'floor', strength: 1, target: { kind: 'not', of: { kind: 'prefix' } } },
  ];

  it.each(ARMS)('has the logits of a chat that generates them, with %o', async (arm) => {
    const settings = { ...arm, cache: 'clean' } as const;
    const { tokenizer, executor } = model;
    const [word, other] = [...tokenizer!.encode('fast'), ...tokenizer!.encode('hold')];
    const said = [word!, other!, word!, tokenizer!.endOfTurnIds.at(-1)!];
    const { turns, logits } = await scriptedChat(model, said, WORDS, {
      system: SYSTEM,
      ...settings,
      maxTokens: 8,
    });
    const forced = openForcedChat(model, { system: SYSTEM, ...settings });
    const held = openForcedChat(model, { system: SYSTEM, ...arm });
    const { vocabSize } = executor.blueprint;
    let moved = 0;
    for (const [index, { user, assistant, ids }] of turns.entries()) {
      const turn = await forced.read(user, assistant);
      const dirty = await held.read(user, assistant);
      expect(turn.chosen).toEqual(ids);
      let worst = 0;
      for (const [row, scores] of logits[index]!.entries()) {
        for (const [id, score] of scores.entries()) {
          worst = Math.max(worst, Math.abs(score - turn.logits[row * vocabSize + id]!));
          moved = Math.max(moved, Math.abs(score - dirty.logits[row * vocabSize + id]!));
        }
      }
      expect(worst, `turn ${index + 1}`).toBeLessThan(1e-3);
    }
    // A held cache has other logits: agreement is no accident.
    expect(moved).toBeGreaterThan(5e-3);
    forced.dispose();
    held.dispose();
  });
});
