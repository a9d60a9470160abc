import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { scriptedChat } from '../../test/support/scripted-chat.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { layoutDialogue } from '../text/index.js';
import type { Chat } from './chat.js';
import type { ChatOptions } from './chat-options.js';
import { loadDialogue, saveDialogue } from './dialogue-file.js';
import { openForcedChat } from './forced-chat.js';
import { openChat } from './open-chat.js';
import { replayDialogue } from './replay.js';
import type { SteeringOptions } from './settings-options.js';

const WORDS = ['hello', 'and the rope?', 'again'];

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const open = (options: ChatOptions = {}): Chat => openChat(model, { ...CHAT, reminder: true, ...options });

/** Returns the last prompt of a chat as text. */
function promptOf({ session, turns }: Chat): string {
  return model.tokenizer!.decode(session.tokens.slice(0, turns.at(-1)!.timing.promptTokens));
}

describe('a reminder', () => {
  it.each<[true | string, string]>([
    [true, SYSTEM],
    ['Keep to your instructions.', 'Keep to your instructions.'],
  ])('is in the last user message only: %j', async (reminder, text) => {
    const chat = open({ reminder });
    for (const [index, words] of WORDS.entries()) {
      const { turn } = await ask(chat, words);
      expect(turn.user).toBe(words);
      const plain = openChat(model, {
        ...CHAT,
        history: chat.turns.slice(0, -1).flatMap(({ user, assistant }) => [
          { role: 'user' as const, content: user },
          { role: 'assistant' as const, content: assistant },
        ]),
      });
      await ask(plain, `${text}\n\n${words}`);
      expect(promptOf(chat), `turn ${index + 1}`).toBe(promptOf(plain));
      expect(promptOf(chat).split(text)).toHaveLength(reminder === true ? 3 : 2);
      plain.dispose();
    }
    chat.dispose();
  });

  it('rewinds the cache to where the last reminder began, and computes the rest again', async () => {
    const chat = open();
    const { turn: first } = await ask(chat, WORDS[0]!);
    const before = [...chat.session.tokens];
    const { turn } = await ask(chat, WORDS[1]!);
    const { ids } = layoutDialogue(
      model.format!,
      [
        { role: 'system', content: SYSTEM },
        { role: 'user', content: '' },
      ],
      { addGenerationPrompt: false, now: NOW },
    );
    const { reusedTokens, promptTokens } = turn.timing;
    expect(before.slice(0, reusedTokens)).toEqual(chat.session.tokens.slice(0, reusedTokens));
    // The template's part of the user message is common, except for the tail after the words.
    expect(reusedTokens).toBeGreaterThanOrEqual(ids.length - 2);
    expect(reusedTokens).toBeLessThan(first.timing.promptTokens);
    expect(promptTokens - reusedTokens).toBeGreaterThan(first.ids.length);
    chat.dispose();
  });

  it('is in a probe too, which leaves no trace', async () => {
    const [plain, probed] = [open(), open()];
    for (const words of WORDS) {
      const { turn } = await ask(plain, words);
      expect((await ask(probed, words)).turn.ids).toEqual(turn.ids);
      const probe = (await probed.probe('who are you?'))!;
      expect(probe.user).toBe('who are you?');
      expect(probe.timing.promptTokens).toBeGreaterThan(
        model.tokenizer!.encode(`${SYSTEM}${SYSTEM}who are you?`).length,
      );
    }
    plain.dispose();
    probed.dispose();
  });

  it('changes answers, and none leaves them as they are', async () => {
    const [off, none, reminded] = [openChat(model, CHAT), open({ reminder: null }), open()];
    const ids = (await ask(off, 'hello')).turn.ids;
    expect((await ask(none, 'hello')).turn.ids).toEqual(ids);
    expect((await ask(reminded, 'hello')).turn.ids).not.toEqual(ids);
    for (const chat of [off, none, reminded]) chat.dispose();
  });

  it('is saved with the dialogue, replayed, and continued', async () => {
    const chat = open({ policy: 'split-softmax', strength: 0.4, cache: 'clean' });
    for (const words of WORDS) await ask(chat, words);
    chat.configure({ reminder: 'Hold!' });
    const saved = loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;
    expect(saved.turns.map(({ reminder }) => reminder)).toEqual([true, true, true]);
    const { difference, chat: replayed } = await replayDialogue(model, saved);
    expect(difference).toBeNull();
    expect((await ask(replayed, 'last')).turn.ids).toEqual((await ask(chat, 'last')).turn.ids);
    expect(promptOf(replayed)).toContain('Hold!\n\nlast');
    chat.dispose();
    replayed.dispose();
  });

  it('of the system prompt needs one', () => {
    expect(() => open({ system: null })).toThrow(
      'E_TARGET: the reminder is the system prompt, and there is none',
    );
    const chat = open({ system: null, reminder: 'Hold!' });
    expect(() => chat.configure({ reminder: true })).toThrow(/E_TARGET/);
    chat.dispose();
  });

  it.each<SteeringOptions>([
    { reminder: true },
    { reminder: 'Hold!', guidance: 2 },
    { reminder: true, policy: 'split-softmax', strength: 0.3 },
    { reminder: true, policy: 'split-softmax', strength: 0.3, cache: 'clean' },
  ])('has, under given answers, the logits of a chat that generates them: %o', async (settings) => {
    const { tokenizer, executor } = model;
    const [word, other] = [...tokenizer!.encode('fast'), ...tokenizer!.encode('hold')];
    const said = [word!, other!, word!, tokenizer!.endOfTurnIds.at(-1)!];
    const { turns, logits } = await scriptedChat(model, said, WORDS, {
      ...{ system: SYSTEM, maxTokens: 8 },
      ...settings,
    });
    const forced = openForcedChat(model, { system: SYSTEM, ...settings });
    const { vocabSize } = executor.blueprint;
    for (const [index, { user, assistant, ids }] of turns.entries()) {
      const turn = await forced.read(user, assistant);
      expect(turn.chosen).toEqual(ids);
      let worst = 0;
      for (const [row, scores] of logits[index]!.entries()) {
        for (const [id, score] of scores.entries()) {
          worst = Math.max(worst, Math.abs(score - turn.logits[row * vocabSize + id]!));
        }
      }
      expect(worst, `turn ${index + 1}`).toBeLessThan(1e-3);
    }
    forced.dispose();
  });
});
