import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { HOLD } from '../../test/support/hold-fixtures.js';
import type { Model } from '../engine/index.js';
import { sha256 } from '../hash.js';
import { loadModel } from '../load.js';
import { applyHold } from './apply-hold.js';
import { type HoldFile, holdOptions, holdSettingsOf, holdText, holdWords, readHold } from './hold-file.js';
import { openChat } from './open-chat.js';
import { PRESETS, presetFor } from './presets.js';
import { RECOMMENDED_HOLD } from './settings.js';

const again = (hold: HoldFile): HoldFile => readHold(JSON.parse(holdText(hold)));

describe('a hold', () => {
  it('is read as it was written, and has the same bytes whatever the order of its keys', () => {
    expect(again(HOLD)).toEqual(HOLD);
    const reversed = Object.fromEntries(Object.entries(HOLD).reverse());
    expect(holdText(readHold(reversed))).toBe(holdText(HOLD));
  });

  it.each([
    [{ policy: 'split-softmax', strength: 0.7, target: { kind: 'message' } }],
    [
      {
        policy: 'boost',
        schedule: { kind: 'per-turn', from: 1, to: 3, step: 0.5 },
        target: { kind: 'prefix' },
        layers: [1],
      },
    ],
    [{ policy: 'sustain', target: { kind: 'message' }, pairs: [[0, 1]] }],
    [{ policy: 'sustain', target: { kind: 'message' }, cache: 'clean' }],
  ] as const)('keeps the settings %j', (options) => {
    const settings = holdSettingsOf(options);
    const back = holdOptions(again({ ...HOLD, settings }));
    const { strength, ...others } = { strength: undefined, ...options };
    const expected =
      strength === undefined ? others : { ...others, schedule: { kind: 'constant', strength } };
    expect(back).toEqual({ schedule: null, ...expected });
  });

  it('may be one that nothing has tested', () => {
    const own = { ...HOLD, verdict: 'not tested', evidence: null } as const;
    expect(again(own)).toEqual(own);
  });

  it('says in words what it does', () => {
    expect(holdWords(HOLD)).toBe('split-softmax, k = 0.5 on the target message, layers 0 2');
    expect(holdWords({ settings: { ...HOLD.settings, policy: 'off' } })).toBe('off');
    const clean = { ...HOLD.settings, layers: null, cache: 'clean' } as const;
    expect(holdWords({ settings: clean })).toBe('split-softmax, k = 0.5 on the target message, clean cache');
  });

  it.each<[string, object, RegExp]>([
    ['another format', { format: 'holdfast-dialogue' }, /field format/],
    ['a later version', { version: 2 }, /field version/],
    ['an unknown key', { note: 'x' }, /note/],
    ['a policy that does not exist', { settings: { ...HOLD.settings, policy: 'sharpen' } }, /not a policy/],
    [
      'a strength out of range',
      { settings: { ...HOLD.settings, schedule: { kind: 'constant', strength: 2 } } },
      /schedule does not fit/,
    ],
    ['no strength', { settings: { ...HOLD.settings, schedule: null } }, /schedule does not fit/],
    ['a policy although nothing helps', { verdict: 'nothing helps' }, /the policy is off if, and only if/],
    [
      'no policy although it helps',
      { settings: { ...HOLD.settings, policy: 'off', schedule: null } },
      /if, and only if/,
    ],
    [
      'evidence although nothing was tested',
      { verdict: 'not tested' },
      /the evidence is null if, and only if/,
    ],
    ['no evidence although it helps', { evidence: null }, /the evidence is null if, and only if/],
    ['another kind of cache', { settings: { ...HOLD.settings, cache: 'dirty' } }, /cache/],
    [
      'a clean cache that nothing changes',
      {
        verdict: 'nothing helps',
        settings: { ...HOLD.settings, policy: 'off', schedule: null, cache: 'clean' },
      },
      /nothing changes the cache/,
    ],
    ['pairs beside layers', { settings: { ...HOLD.settings, pairs: [[0, 0]] } }, /pairs cannot be combined/],
  ])('with %s is refused, naming the field', (_, changes, message) => {
    expect(() => readHold({ ...HOLD, ...changes }, 'hold.json')).toThrow(/^E_HOLD: not a hold: .*hold\.json/);
    expect(() => readHold({ ...HOLD, ...changes }, 'hold.json')).toThrow(message);
  });
});

describe('a hold in a chat', () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadFixture('llama');
  });
  afterAll(() => model.dispose());

  it('acts as the same settings given by hand', async () => {
    const { options, notes } = await applyHold(HOLD, model, SYSTEM);
    expect(notes).toHaveLength(1); // other weights
    const held = openChat(model, { ...CHAT, ...options });
    const byHand = openChat(model, { ...CHAT, policy: 'split-softmax', strength: 0.5, layers: [0, 2] });
    const off = openChat(model, CHAT);
    const [a, b, c] = await Promise.all([held, byHand, off].map((chat) => ask(chat, 'hello')));
    expect(a!.turn.ids).toEqual(b!.turn.ids);
    expect(a!.turn.receipt).toEqual(b!.turn.receipt);
    expect(a!.turn.receipt).not.toEqual(c!.turn.receipt);
  });

  it('leaves the cache that it names', async () => {
    const hold: HoldFile = { ...HOLD, settings: { ...HOLD.settings, cache: 'clean' } };
    const { options } = await applyHold(hold, model, SYSTEM);
    const [clean, held] = [
      { ...CHAT, ...options },
      { ...CHAT, ...options, cache: 'held' as const },
    ].map((each) => openChat(model, each));
    const [a, b] = await Promise.all([clean!, held!].map((chat) => ask(chat, 'hello')));
    expect([a!.turn.cleaned?.tokens, b!.turn.cleaned]).toEqual([expect.any(Number), null]);
  });

  it('has no note for its own weights and prompt, and one for each that is another', async () => {
    const own = {
      ...HOLD,
      model: { ...HOLD.model, hash: await model.hash() },
      prompt: await sha256(SYSTEM),
    };
    expect((await applyHold(own, model, SYSTEM)).notes).toEqual([]);
    expect((await applyHold(own, model)).notes).toEqual([]);
    expect((await applyHold(own, model, 'Another.')).notes).toEqual([
      'the hold was made for another system prompt: its evidence does not cover this one',
    ]);
    expect((await applyHold({ ...HOLD, prompt: own.prompt }, model, 'Another.')).notes).toHaveLength(2);
  });

  it('is refused in a model of another shape if it names layers, and taken with a note if not', async () => {
    const foreign = { ...HOLD, model: { ...HOLD.model, layers: 30 } };
    await expect(applyHold(foreign, model)).rejects.toThrow(
      /^E_HOLD: the hold names layers or heads of other, 30 layers of 4 heads, but .* has 3 layers of 4 heads/,
    );
    const everywhere = { ...foreign, settings: { ...HOLD.settings, layers: null } };
    expect((await applyHold(everywhere, model)).notes).toEqual([
      expect.stringMatching(/^the hold was made for other weights \(other, 0{12}\)/),
    ]);
  });
});

describe('a preset', () => {
  it('is that of the weights: the embedded model has one', async () => {
    const organism = await loadModel('organism', { executor: 'reference' });
    try {
      const preset = await presetFor(organism);
      expect(preset?.model.name).toBe('organism');
      const { options, notes } = await applyHold(preset!, organism, 'Any prompt.');
      expect(options).toMatchObject({ ...RECOMMENDED_HOLD, target: { kind: 'message' } });
      expect(notes).toEqual([]);
    } finally {
      await organism.dispose();
    }
  });

  it('is a hold that says by its evidence whether it helps, and is of one model', () => {
    for (const preset of PRESETS) {
      expect(again(preset)).toEqual(preset);
      expect(preset.evidence!.gain!.low > 0 ? 'helps' : 'nothing helps').toBe(preset.verdict);
    }
    expect(new Set(PRESETS.map(({ model }) => model.hash)).size).toBe(PRESETS.length);
  });

  it('is not known for a model that nobody measured', async () => {
    const model = await loadFixture('llama');
    try {
      expect(await presetFor(model)).toBeNull();
    } finally {
      await model.dispose();
    }
  });
});
