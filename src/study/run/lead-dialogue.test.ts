import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, loadFixture } from '../../../test/support/chat-fixtures.js';
import { MATERIAL } from '../../../test/support/material-fixtures.js';
import { spyOnModel } from '../../../test/support/organism-fixtures.js';
import { armOf, OFF, SCENARIO, speaking } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { resolveTarget, tokensBefore } from '../../attention/index.js';
import { type FreePlaces, layoutPrompt, NO_PLACES, openChat, Places } from '../../dialogue/index.js';
import { type Model, Session } from '../../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import { loadGrammar } from '../../organism/index.js';
import { organismSource, selfChatSource } from '../../scenario/index.js';
import type { Arm } from '../plan/index.js';
import { type LeadSettings, leadDialogue } from './lead-dialogue.js';
import { dialogueSeeds } from './seeds.js';

const SETTINGS: LeadSettings = {
  sampling: { temperature: 1, topP: 0.9 },
  maxTokens: 12,
  probeRounds: [1, 3],
  probeRepeats: 1,
  seed: 2,
  index: 7,
  now: NOW,
};
const NO_SYSTEM: Arm = { ...OFF, name: 'no-system', noSystem: true };
const HELD = armOf({ policy: 'split-softmax', strength: 0.3 });
/** Strengths 1, 1 − 0.5 and 0. */
const GROWING = armOf({
  policy: 'split-softmax',
  schedule: { kind: 'per-turn', from: 1, to: 0, step: 0.5 },
});

let llama: Model;
let gemma: Model;
let embedded: Model;
beforeAll(async () => {
  [llama, gemma, embedded] = await Promise.all([
    loadFixture('llama'),
    loadFixture('gemma3'),
    loadModel(EMBEDDED_MODEL),
  ]);
});
afterAll(() => Promise.all([llama.dispose(), gemma.dispose(), embedded.dispose()]));

const lead = async (
  arm: Arm,
  {
    model = speaking(llama),
    scenario = SCENARIO,
    places = NO_PLACES,
    ...changed
  }: Partial<LeadSettings> & { model?: Model; scenario?: typeof SCENARIO; places?: FreePlaces } = {},
) => (await leadDialogue(model, scenario, arm, { ...SETTINGS, ...changed }, places)).record;

describe('leadDialogue', () => {
  it('names the round in which the context is full, and what to do', async () => {
    await expect(lead(OFF, { maxTokens: 440 })).rejects.toThrow(
      "E_CONTEXT_FULL: round 3 of 3 does not fit the model's context of 512 tokens. Ask for fewer rounds or fewer max-tokens, or repeat the system prompt less often",
    );
  });

  it('gives the answers of a plain chat under the arm off', async () => {
    const { rounds } = await lead(OFF);
    const seeds = dialogueSeeds(SETTINGS.seed, SETTINGS.index);
    const { system } = SCENARIO;
    const chat = openChat(speaking(llama), { system, sampling: SETTINGS.sampling, maxTokens: 12 });
    for (const [index, { user, answer, finished, contextTokens, share }] of rounds.entries()) {
      const { turn } = await ask(chat, user, { seed: seeds.answer(index + 1) });
      expect(answer).toBe(turn.assistant);
      expect(finished).toBe(turn.finish === 'stop');
      expect(contextTokens).toBe(turn.timing.promptTokens);
      expect(share.before).toBeCloseTo(turn.shares!.mean!.before, 5);
    }
    chat.dispose();
  });

  it('leads a dialogue without its system message, and judges its probes all the same', async () => {
    const scenario = { ...SCENARIO, given: SCENARIO.reference!.slice(0, 2) };
    const { rounds, system } = await lead(NO_SYSTEM, { scenario });
    expect(system).toBe(SCENARIO.system);
    const seeds = dialogueSeeds(SETTINGS.seed, SETTINGS.index);
    const chat = openChat(speaking(llama), {
      ...{ system: null, history: scenario.given, sampling: SETTINGS.sampling, maxTokens: 12 },
    });
    for (const [index, { user, answer, contextTokens, share, spread, probes }] of rounds.entries()) {
      const { turn } = await ask(chat, user, { seed: seeds.answer(index + 1) });
      expect(answer).toBe(turn.assistant);
      expect(contextTokens).toBe(turn.timing.promptTokens);
      expect({ share, spread }).toEqual({ share: { before: null, after: null }, spread: null });
      const [keeper] = scenario.probesAfter(index + 1);
      for (const probe of probes.slice(0, 1)) expect(probe.score).toBe(keeper!.judge(probe.answer));
    }
    expect(rounds.map(({ probes }) => probes.length)).toEqual([3, 0, 3]);
    chat.dispose();
  });

  it('does not use the system prompt of the dialogue before, whose rows may be in the cache', async () => {
    const alone = await lead(NO_SYSTEM, { model: speaking(llama) });
    const model = speaking(llama);
    await lead(OFF, { model });
    expect(await lead(NO_SYSTEM, { model })).toEqual(alone);
    expect(await lead(NO_SYSTEM, { model })).toEqual(alone);
    expect(await lead(OFF, { model })).toEqual(await lead(OFF));
  });

  it('asks each probe as often as it is told to, with other seeds, and the first time as before', async () => {
    const once = await lead(OFF);
    const thrice = await lead(OFF, { probeRepeats: 3 });
    for (const [index, { probes, ...round }] of thrice.rounds.entries()) {
      const { probes: first, ...same } = once.rounds[index]!;
      expect(round).toEqual(same);
      expect(probes).toHaveLength(3 * first.length);
      expect(probes.filter(({ repeat }) => repeat === 1)).toEqual(first);
    }
    const asked = thrice.rounds[0]!.probes.filter(({ label }) => label === 'hold');
    expect(asked.map(({ repeat }) => repeat)).toEqual([1, 2, 3]);
    expect(new Set(asked.map(({ answer }) => answer)).size).toBe(3);
    // Two probes with one question share its answer in every repeat.
    for (const repeat of [1, 2, 3]) {
      const [keeper, length] = thrice.rounds[0]!.probes.filter((probe) => probe.repeat === repeat);
      expect(keeper!.answer).toBe(length!.answer);
    }
  });

  it('gives the same bytes when repeated, without times', async () => {
    const trials = organismSource(loadGrammar(), 2);
    for (const arm of [OFF, HELD]) {
      const once = JSON.stringify(
        await lead(arm, { model: embedded, scenario: trials.at(3), maxTokens: 40 }),
      );
      const again = JSON.stringify(
        await lead(arm, { model: embedded, scenario: trials.at(3), maxTokens: 40 }),
      );
      expect(again).toBe(once);
      expect(once).not.toMatch(/Ms"/);
    }
  });

  it('gives the bytes of the arm off for k = 1, except for the strength, and others for a smaller k', async () => {
    const off = await lead(OFF);
    const one = await lead(armOf({ policy: 'split-softmax', strength: 1 }));
    const strengths = one.rounds.map(({ strength }) => strength);
    expect(strengths).toEqual([1, 1, 1]);
    expect(one.rounds[0]!.notice).toBe('k = 1 changes nothing');
    const without = {
      ...one,
      rounds: one.rounds.map((round) => ({ ...round, strength: null, notice: null })),
    };
    expect(JSON.stringify(without)).toBe(JSON.stringify(off));
    expect((await lead(HELD)).rounds).not.toEqual(off.rounds);
  });

  it('gives the rounds of the arm off until an arm begins to act', async () => {
    const off = await lead(OFF, { probeRounds: [] });
    const growing = await lead(GROWING, { probeRounds: [] });
    expect(growing.rounds.map(({ strength }) => strength)).toEqual([1, 0.5, 0]);
    expect({ ...growing.rounds[0], strength: null }).toEqual(off.rounds[0]);
    expect(growing.rounds[1]!.share).not.toEqual(off.rounds[1]!.share);
  });

  it('draws the same random numbers under every arm, and others with another seed or index', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY);
    const said = async (arm: Arm, changed: Partial<LeadSettings> = {}): Promise<string[]> =>
      (await lead(arm, { model, ...changed })).rounds.flatMap(({ answer, probes }) => [
        answer,
        ...probes.map((probe) => probe.answer),
      ]);
    const off = await said(OFF);
    expect(await said(HELD)).toEqual(off);
    expect(await said(OFF, { seed: 3 })).not.toEqual(off);
    expect(await said(OFF, { index: 8 })).not.toEqual(off);
  });

  it('scores answers and probes', async () => {
    const { rounds } = await lead(OFF);
    expect(rounds.map(({ obedience }) => obedience)).toEqual([0.333333, 0.25, 0.2]);
    for (const { ability, finished } of rounds) expect(ability).toBe(finished ? 1 : null);
    expect(rounds.map(({ probes }) => probes.map(({ label }) => label))).toEqual([
      ['keeper', 'length', 'hold'],
      [],
      ['keeper', 'length', 'hold'],
    ]);
    for (const { probes } of rounds.filter(({ probes }) => probes.length > 0)) {
      const [keeper, length, hold] = probes;
      expect(length!.answer, 'one question, one answer').toBe(keeper!.answer);
      expect(length!.score).toBeCloseTo(keeper!.answer.length / 1000, 6);
      expect(hold!.score).toBe(0.333333);
    }
  });
});

describe('probes', () => {
  it('leave no trace, and do not compute the dialogue again', async () => {
    const plain = await lead(HELD, { probeRounds: [] });
    const forwarded: { past: number; tokens: number }[] = [];
    const model = spyOnModel(speaking(llama), ({ sequence, tokens }) => {
      forwarded.push({ past: sequence.length - tokens.length, tokens: tokens.length });
    });
    const probed = await lead(HELD, { model, probeRounds: [2] });
    expect(probed.rounds.map((round) => ({ ...round, probes: [] }))).toEqual(plain.rounds);

    const total = forwarded.reduce((sum, { tokens }) => sum + tokens, 0);
    expect(probed.forwardedTokens).toBe(total);
    expect(probed.forwardPasses).toBe(forwarded.length);
    // A branch forwards only its question and its answer after the cached dialogue.
    const { tokenizer } = llama.format!;
    const most = (text: string): number => tokenizer.encode(text).length + SETTINGS.maxTokens + 24;
    const extra = probed.forwardedTokens - plain.forwardedTokens;
    expect(extra).toBeLessThan(most('Who are you?') + most('Hold?'));
    expect(extra).toBeLessThan(plain.rounds[2]!.contextTokens);
    const third = forwarded.filter(({ past }) => past < plain.rounds[1]!.contextTokens - 1);
    expect(third.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(plain.rounds[1]!.contextTokens - 1);
  });
});

describe('probes at once', () => {
  it.each([
    GROWING,
    armOf({ policy: 'split-softmax', strength: 0.3, cache: 'clean', silence: [[0, 1]] }),
    armOf({ policy: 'off', guidance: 1.5, reminder: true }),
  ])('change no byte of the record: $settings', async (arm) => {
    const settings = { probeRounds: [1, 3], probeRepeats: 2 };
    const alone = JSON.stringify(await lead(arm, settings));
    const forks = vi.spyOn(Session.prototype, 'fork');
    expect(JSON.stringify(await lead(arm, { ...settings, places: new Places(3) }))).toBe(alone);
    expect(forks.mock.calls.length).toBeGreaterThan(0);
    forks.mockRestore();
  });
});

describe('repetition of the system prompt', () => {
  it('puts it before the message in every p-th turn, and adds exactly its tokens', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY); // gives the same answers, whatever it reads
    const off = await lead(OFF, { model });
    const repeated = await lead(armOf({ policy: 'off' }, 2), { model });
    expect(repeated.rounds.map(({ user, answer }) => [user, answer])).toEqual(
      off.rounds.map(({ user, answer }) => [user, answer]),
    );
    const words = off.rounds[1]!.user;
    const { tokenizer } = llama.format!;
    const added = tokenizer.encode(`${SCENARIO.system}\n\n${words}`).length - tokenizer.encode(words).length;
    const grown = repeated.rounds.map(
      ({ contextTokens }, index) => contextTokens - off.rounds[index]!.contextTokens,
    );
    expect(grown).toEqual([0, added, added]);
  });

  it('counts given exchanges as turns, and repeats before a probe that would be such a turn', async () => {
    const seen: string[] = [];
    const { tokenizer } = llama.format!;
    const model = spyOnModel(speaking(llama), ({ tokens, logits }) => {
      if (logits === 'none') seen.push(tokenizer.decode(Array.from(tokens)));
    });
    const given = [
      { role: 'user', content: 'Ready?' },
      { role: 'assistant', content: 'Yes.' },
    ] as const;
    await lead(armOf({ policy: 'off' }, 2), {
      model,
      scenario: { ...SCENARIO, given, rounds: 2 },
      probeRounds: [1, 2],
      probeRepeats: 1,
    });
    const repeats = seen.map((text) => text.split(SCENARIO.system).length - 1);
    // The system message and turn 2; its two probes as turn 3; turn 3; its two probes as turn 4.
    expect(repeats).toEqual([1, 1, 0, 0, 0, 1, 1]);
  });
});

describe('a reminder', () => {
  it('adds its tokens to every prompt once, and to no later one', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY); // gives the same answers, whatever it reads
    const off = await lead(OFF, { model });
    const reminded = await lead(armOf({ policy: 'off', reminder: true }), { model });
    expect(reminded.rounds.map(({ user, answer }) => [user, answer])).toEqual(
      off.rounds.map(({ user, answer }) => [user, answer]),
    );
    const { tokenizer } = llama.format!;
    const added = off.rounds.map(
      ({ user }) => tokenizer.encode(`${SCENARIO.system}\n\n${user}`).length - tokenizer.encode(user).length,
    );
    expect(
      reminded.rounds.map(({ contextTokens }, index) => contextTokens - off.rounds[index]!.contextTokens),
    ).toEqual(added);
    // Each answer is computed again for the next message.
    const total = added.reduce((sum, tokens) => sum + tokens, 0);
    expect(reminded.forwardedTokens - off.forwardedTokens).toBeGreaterThan(total);
    expect(reminded).not.toHaveProperty('recomputedTokens');
  });
});

describe('a clean cache', () => {
  const CLEAN = armOf({ policy: 'split-softmax', strength: 0.3, cache: 'clean' });

  it('costs the tokens that it computes again, which the record has', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY);
    for (const probeRounds of [[], [1, 3], [1, 2, 3]]) {
      const held = await lead(HELD, { model, probeRounds });
      const clean = await lead(CLEAN, { model, probeRounds });
      expect(clean.rounds.map(({ answer }) => answer)).toEqual(held.rounds.map(({ answer }) => answer));
      // The template's tokens after a turn are read twice only if a probe is asked there.
      const extra = clean.forwardedTokens - held.forwardedTokens;
      expect(extra).toBeLessThanOrEqual(clean.recomputedTokens!);
      expect(extra).toBeGreaterThan(0.8 * clean.recomputedTokens!);
      // The last turn is computed again only for the probe after it.
      const turns = probeRounds.includes(3) ? 3 : 2;
      expect(clean.recomputedTokens).toBeGreaterThan(turns * 3);
    }
    expect(await lead(HELD)).not.toHaveProperty('recomputedTokens');
  });

  it('gives other answers than a held one from the second turn on', async () => {
    const prefix = { kind: 'prefix' } as const;
    const [held, clean] = await Promise.all(
      [HELD, CLEAN].map(({ settings }) => lead(armOf({ ...settings, target: prefix } as Arm['settings']))),
    );
    expect({ ...clean!.rounds[0], probes: [] }).toEqual({ ...held!.rounds[0], probes: [] });
    expect(clean!.rounds[1]!.share).not.toEqual(held!.rounds[1]!.share);
  });

  it('does not notice probes', async () => {
    const plain = await lead(CLEAN, { probeRounds: [] });
    const probed = await lead(CLEAN, { probeRounds: [1, 2, 3], probeRepeats: 2 });
    expect(probed.rounds.map((round) => ({ ...round, probes: [] }))).toEqual(plain.rounds);
  });
});

describe('the target random', () => {
  it('leaves the model alone until the dialogue has the span, and then acts on it', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY);
    const settings = { model, probeRounds: [] };
    const off = await lead(OFF, settings);
    const random = await lead(
      armOf({ policy: 'boost', strength: 9, target: { kind: 'random', seed: 0 } }),
      settings,
    );
    const acting = random.rounds.map(({ strength }) => strength);
    expect(acting[0]).toBeNull();
    expect(acting.at(-1)).toBe(9);
    for (const [index, strength] of acting.entries()) {
      const [round, same] = [random.rounds[index]!, off.rounds[index]!];
      if (strength === null) {
        expect(round).toEqual({
          ...same,
          notice: expect.stringMatching(/^the policy waits for \d+ more tokens/),
        });
      }
      // The prompt loses what the span gains.
      else expect(round.share.after).toBeLessThan(same.share.before!);
    }
  });
});

describe('guidance', () => {
  it('costs a second pass over everything but the system prompt; γ = 1 costs and changes nothing', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY);
    const off = await lead(OFF, { model });
    expect(await lead(armOf({ policy: 'off', guidance: 1 }), { model })).toEqual(off);
    const guided = await lead(armOf({ policy: 'off', guidance: 2 }), { model });
    expect(guided.rounds.map(({ answer }) => answer)).toEqual(off.rounds.map(({ answer }) => answer));
    const extra = guided.forwardedTokens - off.forwardedTokens;
    const { tokenizer } = llama.format!;
    const header = tokenizer.encode('<|im_start|>system\n<|im_end|>\n', { special: true }).length;
    expect(off.forwardedTokens - extra).toBe(tokenizer.encode(SCENARIO.system).length + header);
    // The system prompt takes one pass of its own, which guidance does not repeat.
    expect(guided.forwardPasses).toBe(2 * off.forwardPasses - 1);
    expect((await lead(armOf({ policy: 'off', guidance: 2 }))).rounds).not.toEqual((await lead(OFF)).rounds);
  });
});

describe('given exchanges', () => {
  it('count as turns for a schedule, but are not rounds', async () => {
    const given = [
      { role: 'user', content: 'Ready?' },
      { role: 'assistant', content: 'Yes.' },
    ] as const;
    const { rounds } = await lead(GROWING, { scenario: { ...SCENARIO, given, rounds: 2 }, probeRounds: [] });
    expect(rounds.map(({ round, strength }) => [round, strength])).toEqual([
      [1, 0.5],
      [2, 0],
    ]);
  });
});

describe('self-chat', () => {
  it('samples the other side alike under every arm, and does not count its tokens', async () => {
    const model = speaking(llama, Number.POSITIVE_INFINITY);
    const scenario = selfChatSource(MATERIAL, { groups: null, rounds: 3 }).at(4);
    let forwarded = 0;
    const watched = spyOnModel(model, ({ tokens }) => {
      forwarded += tokens.length;
    });
    const off = await lead(OFF, { model: watched, scenario });
    const held = await lead(HELD, { model, scenario });
    const said = ({ rounds }: typeof off) => rounds.map(({ user, answer }) => [user, answer]);
    expect(said(held)).toEqual(said(off));
    expect(new Set(said(off).flat()).size).toBe(6);
    expect(held.forwardedTokens).toBe(off.forwardedTokens);
    expect(off.forwardedTokens).toBeLessThan(forwarded);
    expect(off.group).toBe(scenario.group);
  });
});

describe('the shares of a round', () => {
  /** Computes shares from the attention rows that chose the tokens of the last round, with targets resolved again. */
  async function byHand(model: Model, layers: readonly number[]) {
    const { format, executor } = model;
    const { rounds } = await lead(OFF, { model, probeRounds: [] });
    const { system } = SCENARIO;
    const last = rounds.at(-1)!;
    const messages = [
      { role: 'system' as const, content: system },
      ...rounds.flatMap(({ user, answer }, index) => [
        { role: 'user' as const, content: user },
        ...(index === rounds.length - 1 ? [] : [{ role: 'assistant' as const, content: answer }]),
      ]),
    ];
    const prompt = layoutPrompt(format!, messages, { trustContent: false, now: NOW });
    expect(prompt.ids.length, 'answers are encoded as they were sampled').toBe(last.contextTokens);
    const ids = [...prompt.ids, ...format!.tokenizer.encode(last.answer)];
    const sequence = executor.open(executor.blueprint.contextLength);
    const [result] = await executor.forward([
      { sequence, tokens: ids, logits: 'none', taps: { attention: layers } },
    ]);
    sequence.dispose();
    const first = prompt.ids.length - 1;
    const heads = executor.blueprint.layers[0]!.attention.heads;
    const shareOf = (kind: 'message' | 'sink' | 'template' | 'random'): number[] => {
      const target = kind === 'random' ? ({ kind, seed: 0 } as const) : { kind };
      const ranges = resolveTarget(target, prompt);
      return layers.flatMap((layer) =>
        Array.from({ length: heads * (ids.length - first) }, (_, at) => {
          const row = Math.floor(at / heads) + first;
          const start = ((at % heads) * ids.length + row) * ids.length;
          const weights = result!.attention.get(layer)!.slice(start, start + ids.length);
          return ranges.reduce(
            (sum, range) => weights.slice(range.start, range.end).reduce((all, one) => all + one, sum),
            0,
          );
        }),
      );
    };
    const systemTokens = tokensBefore(resolveTarget({ kind: 'message' }, prompt), ids.length);
    return { last, shareOf, systemTokens, rounds };
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

  it('equal those from attention rows: prompt, sink, template and random span', async () => {
    const { last, shareOf } = await byHand(quiet(llama), [0, 1, 2]);
    const prompt = shareOf('message').sort((a, b) => a - b);
    expect(last.share.before).toBeCloseTo(mean(prompt), 4);
    expect(last.spread!.mean).toBe(last.share.before);
    expect(last.spread!.median).toBeCloseTo(
      (prompt[Math.floor((prompt.length - 1) / 2)]! + prompt[Math.ceil((prompt.length - 1) / 2)]!) / 2,
      4,
    );
    expect(last.heads).toHaveLength(12);
    expect(mean(last.heads.map(Number))).toBeCloseTo(mean(prompt), 3);
    expect(last.controls.sink).toBeCloseTo(mean(shareOf('sink')), 4);
    expect(last.controls.template).toBeCloseTo(mean(shareOf('template')), 4);
    expect(last.controls.random).toBeCloseTo(mean(shareOf('random')), 4);
  });

  it('stand beside the length of the prompt, which is the same in every round', async () => {
    const { rounds, systemTokens } = await byHand(quiet(llama), [0]);
    expect(systemTokens).toBeGreaterThan(3);
    expect(rounds.map((round) => round.systemTokens)).toEqual(rounds.map(() => systemTokens));
    const repeated = await lead(armOf({ policy: 'off' }, 2), { model: quiet(llama), probeRounds: [] });
    expect(repeated.rounds.map((round) => round.systemTokens)).toEqual(rounds.map(() => systemTokens));
  });

  it('exclude layers with a sliding window, except in the list of heads', async () => {
    const { last, shareOf } = await byHand(quiet(gemma), [5]);
    expect(last.share.before).toBeCloseTo(mean(shareOf('message')), 4);
    expect(last.heads).toHaveLength(gemma.executor.blueprint.layers.length * 4);
  });

  it('are those of the prompt whatever the arm acts on, and rise if it acts on the prompt', async () => {
    const off = await lead(OFF, { probeRounds: [] });
    const sink = await lead(armOf({ policy: 'boost', strength: 4, target: { kind: 'sink' } }), {
      probeRounds: [],
      probeRepeats: 1,
    });
    const held = await lead(HELD, { probeRounds: [] });
    const [first] = held.rounds;
    expect(first!.share.after).toBeGreaterThan(first!.share.before!);
    expect(off.rounds[0]!.share.after).toBe(off.rounds[0]!.share.before);
    expect(sink.rounds[0]!.share.after).not.toBe(sink.rounds[0]!.share.before);
    expect(sink.rounds[0]!.share.before).toBeCloseTo(off.rounds[0]!.share.before!, 1);
  });

  it('have no random control until the dialogue is long enough', async () => {
    const { rounds } = await lead(OFF, {
      scenario: { ...SCENARIO, system: SCENARIO.system.repeat(3), rounds: 1 },
    });
    expect(rounds[0]!.controls.random).toBeNull();
  });
});

/** Makes a model answer with one word three times, so that its answers are encoded as they were sampled. */
function quiet(model: Model): Model {
  const { tokenizer } = model.format!;
  const [word] = tokenizer.encode('fast');
  let rows = 0;
  return spyOnModel(model, ({ logits: wanted }, { logits }) => {
    if (wanted === 'none') return;
    logits.fill(-1e9);
    logits[rows++ % 4 === 3 ? tokenizer.endOfTurnIds[0]! : word!] = 0;
  });
}
