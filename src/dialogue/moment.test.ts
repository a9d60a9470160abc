import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, CHAT, collect, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { DATED_TEMPLATE } from '../../test/support/dated-model.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { chatFormat, currentMoment } from '../text/index.js';
import {
  loadDialogue,
  openChat,
  openComparison,
  openForcedChat,
  replayDialogue,
  type SavedDialogue,
  saveDialogue,
} from './index.js';

let model: Model;
let dated: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
  dated = { ...model, format: chatFormat({ tokenizer: model.tokenizer!, template: DATED_TEMPLATE }) };
});
afterAll(() => model.dispose());

const MONDAY = Date.UTC(2026, 2, 2, 12);
const NEXT_DAY = 24 * 60 * 60 * 1000;
const setClock = (time: number): unknown => vi.useFakeTimers({ now: time, toFake: ['Date'] });
afterEach(() => {
  vi.useRealTimers();
});

const stored = async (chat: Parameters<typeof saveDialogue>[0]): Promise<SavedDialogue> =>
  loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;

/** Returns a dialogue saved on Monday. */
async function savedOnMonday(of: Model, options = {}): Promise<SavedDialogue> {
  setClock(MONDAY);
  const chat = openChat(of, { ...CHAT, ...options });
  await ask(chat, 'one');
  return stored(chat);
}

describe('a chat', () => {
  it('keeps the moment at which it was opened, so that a later day computes nothing again', async () => {
    setClock(MONDAY);
    const chat = openChat(dated, CHAT);
    const opened = currentMoment();
    const { turn } = await ask(chat, 'one');
    setClock(MONDAY + NEXT_DAY);
    const next = await ask(chat, 'two');
    expect(chat.now).toBe(opened);
    expect(next.turn.timing.reusedTokens).toBeGreaterThanOrEqual(turn.timing.promptTokens);
  });

  it('takes a moment in ISO 8601, and no other', () => {
    expect(openChat(dated, { now: '2026-01-31' }).now).toBe('2026-01-31T00:00:00+00:00');
    expect(() => openChat(dated, { now: 'today' })).toThrow(
      /E_USAGE: not a date or a date and time: "today"/,
    );
    expect(() => openForcedChat(dated, { system: SYSTEM, now: 'today' })).toThrow(/E_USAGE.*field now/);
  });

  it('has the same moment on both sides of a comparison', () => {
    let reads = 0;
    const RealDate = Date;
    vi.stubGlobal(
      'Date',
      class extends RealDate {
        constructor(...parts: [] | [number]) {
          super(...(parts.length === 0 ? ([MONDAY + NEXT_DAY * reads++] as const) : parts));
        }
      },
    );
    try {
      const { on, off } = openComparison(dated, { ...CHAT, policy: 'split-softmax', strength: 0.5 });
      expect(on.now).toBe(off.now);
      expect(reads).toBe(1);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('a chat whose answers are given', () => {
  it('reads the dialogue at its moment', async () => {
    const read = async (now: string, clock: number): Promise<number[]> => {
      setClock(clock);
      const chat = openForcedChat(dated, { system: SYSTEM, now, guidance: 2 });
      const { logits } = await chat.read('one', 'hold');
      chat.dispose();
      return [...logits];
    };
    const monday = await read('2026-03-02', MONDAY);
    expect(await read('2026-03-02', MONDAY + NEXT_DAY)).toEqual(monday);
    expect(await read('2026-03-03', MONDAY)).not.toEqual(monday);
  });
});

describe('a replay', () => {
  it('is at the recorded moment, whatever the clock says', async () => {
    const saved = await savedOnMonday(dated);
    setClock(MONDAY + NEXT_DAY);
    const { chat, difference, changes, undated } = await replayDialogue(dated, saved);
    expect({ difference, changes, undated }).toEqual({ difference: null, changes: [], undated: false });
    expect(chat.now).toBe(saved.now);
    expect((await stored(chat)).now).toBe(saved.now);
    await expect(replayDialogue(dated, saved, { now: NOW })).rejects.toThrow(/E_USAGE: the dialogue records/);
  });

  it('of a file without a moment is at the given or the current one, and says that it is not known', async () => {
    const saved = { ...(await savedOnMonday(dated)), now: null };
    setClock(MONDAY + NEXT_DAY);
    const current = await replayDialogue(dated, saved);
    expect([current.chat.now, current.undated]).toEqual([currentMoment(), true]);
    const given = await replayDialogue(dated, saved, { now: '2026-03-02' });
    expect([given.chat.now, given.undated, given.difference]).toEqual([
      '2026-03-02T00:00:00+00:00',
      true,
      null,
    ]);
  });

  it('of a file without a moment needs none if no prompt contains the date', async () => {
    const withoutSystem = DATED_TEMPLATE.replace(
      "Today: {{ strftime_now('%d %b %Y') }}",
      "{% if messages[0].role != 'system' %}{{ strftime_now('%d %b %Y') }}{% endif %}",
    );
    const granite: Model = {
      ...model,
      format: chatFormat({ tokenizer: model.tokenizer!, template: withoutSystem }),
    };
    const undatedIn = async (of: Model, options = {}): Promise<boolean> => {
      const saved = { ...(await savedOnMonday(of, options)), now: null };
      return (await replayDialogue(of, saved)).undated;
    };
    expect(await undatedIn(model)).toBe(false);
    expect(await undatedIn(granite)).toBe(false);
    expect(await undatedIn(granite, { system: null })).toBe(true);
    // The system prompt came later: the first turn had the date.
    setClock(MONDAY);
    const chat = openChat(granite, { ...CHAT, system: null });
    await collect(chat.answer('one'));
    chat.system = SYSTEM;
    await collect(chat.answer('two'));
    const saved = { ...(await stored(chat)), now: null };
    expect((await replayDialogue(granite, saved)).undated).toBe(true);
  });
});

describe('a dialogue file', () => {
  it('without a moment is read, and one with another text in its place is not', async () => {
    const { now, ...older } = await savedOnMonday(dated);
    expect(loadDialogue(older).saved!.now).toBeNull();
    expect(() => loadDialogue({ ...older, now: 'monday' })).toThrow(
      /E_DIALOGUE: not a dialogue: not a date and time in ISO 8601: "monday".*field now/,
    );
    expect(() => loadDialogue({ ...older, now: Date.parse(now!) })).toThrow(/E_DIALOGUE.*field now/);
  });
});
