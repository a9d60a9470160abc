import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import { type Model, Session } from '../engine/index.js';
import type { ChatOptions } from './chat-options.js';
import { loadDialogue, saveDialogue } from './dialogue-file.js';
import { openChat } from './open-chat.js';
import { replayDialogue } from './replay.js';
import type { RowObservation, Turn } from './turn.js';

let model: Model;
let other: Model;
beforeAll(async () => {
  model = await loadFixture('llama', 'cpu');
  other = await loadFixture('llama');
});
afterAll(() => Promise.all([model.dispose(), other.dispose()]));

const ARMS: readonly ChatOptions[] = [
  { policy: 'off' },
  { policy: 'split-softmax', strength: 0.4, target: { kind: 'prefix' } },
  { policy: 'floor', strength: 1, target: { kind: 'not', of: { kind: 'prefix' } } },
  { policy: 'boost', strength: 5, target: { kind: 'prefix' }, pairs: [[1, 2]], guidance: 2 },
];

/** Returns a dialogue's answers, and the attention of every row that chose a token. */
async function lead(options: ChatOptions): Promise<{ turns: Partial<Turn>[]; rows: RowObservation[] }> {
  const chat = openChat(model, { ...CHAT, ...options });
  const rows: RowObservation[] = [];
  for (const text of ['hello', 'and the rope?']) await ask(chat, text, { observe: (row) => rows.push(row) });
  chat.dispose();
  return { turns: chat.turns.map(({ timing: _, receipt: __, ...turn }) => turn), rows };
}

describe('a session that several dialogues share', () => {
  it('gives each, bit for bit, the answers and shares of a session of its own', async () => {
    const shared = new Session(model.executor);
    for (const arm of [...ARMS, ...ARMS.toReversed()]) {
      const alone = await lead({ ...arm, prefixFirst: true });
      const fresh = new Session(model.executor);
      expect(await lead({ ...arm, session: fresh })).toEqual(alone);
      expect(await lead({ ...arm, session: shared })).toEqual(alone);
      expect(shared.disposed).toBe(false);
      fresh.dispose();
    }
    shared.dispose();
  });

  it('computes the prefix once, and reuses nothing after it', async () => {
    const session = new Session(model.executor);
    const first = openChat(model, { ...CHAT, session });
    await ask(first, 'hello');
    expect(first.turns[0]!.timing.reusedTokens).toBe(0);
    // The same message: the whole prompt is in the cache, but only the prefix is reused.
    const second = openChat(model, { ...CHAT, session, policy: 'boost', strength: 9 });
    const { turn } = await ask(second, 'hello');
    const prefix = 1 + session.tokens.indexOf(2) + 1;
    expect(turn.timing.reusedTokens).toBe(prefix);
    const { turn: next } = await ask(second, 'and now?');
    expect(next.timing.reusedTokens).toBe(turn.timing.promptTokens + turn.ids.length - 1);
    session.dispose();
  });

  it('is not reused for another system prompt', async () => {
    const session = new Session(model.executor);
    await lead({ session });
    expect(await lead({ session, system: 'You are another.' })).toEqual(
      await lead({ system: 'You are another.', prefixFirst: true }),
    );
    session.dispose();
  });

  it('leaves a dialogue that can be saved and replayed', async () => {
    const session = new Session(model.executor);
    await lead({ session });
    const chat = openChat(model, { ...CHAT, session });
    for (const text of ['hello', 'and now?']) await ask(chat, text);
    const saved = loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;
    const replay = await replayDialogue(model, saved);
    expect(replay.difference).toBeNull();
    expect(replay.chat.turns.map(({ shares }) => shares)).toEqual(chat.turns.map(({ shares }) => shares));
    replay.chat.dispose();
    session.dispose();
  });

  it('is refused if it belongs to another executor or has another context length', () => {
    const session = new Session(other.executor);
    expect(() => openChat(model, { ...CHAT, session })).toThrow(/E_EXECUTOR: the session belongs to another/);
    const short = new Session(model.executor, { contextLength: 200 });
    expect(() => openChat(model, { ...CHAT, session: short, contextLength: 300 })).toThrow(
      'E_CONTEXT_FULL: the session takes 200 tokens, not 300',
    );
    session.dispose();
    short.dispose();
  });
});
