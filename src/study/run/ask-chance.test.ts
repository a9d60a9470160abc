import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadFixture } from '../../../test/support/chat-fixtures.js';
import { OFF, SCENARIO, speaking } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { openChat, Places } from '../../dialogue/index.js';
import { type Model, Session } from '../../engine/index.js';
import { askChance } from './ask-chance.js';
import { type LeadSettings, leadDialogue } from './lead-dialogue.js';
import { dialogueSeeds } from './seeds.js';

const SETTINGS: LeadSettings = {
  ...{ sampling: { temperature: 1, topP: 0.9 }, maxTokens: 12, probeRounds: [1, 3], probeRepeats: 1 },
  ...{ seed: 2, index: 7, now: NOW },
};

let llama: Model;
beforeAll(async () => {
  llama = await loadFixture('llama');
});
afterAll(() => llama.dispose());

const ask = async (
  changed: Partial<LeadSettings> = {},
  { model = speaking(llama), scenario = SCENARIO }: { model?: Model; scenario?: typeof SCENARIO } = {},
) => (await askChance(model, scenario, { ...SETTINGS, ...changed })).record;

describe('askChance', () => {
  it('asks each probe once without a system message and once under the unrelated prompt', async () => {
    const { answers, ...record } = await ask();
    expect(record).toEqual({
      ...{ kind: 'chance', scenario: 'rope', group: 'ropes', system: SCENARIO.system },
      unrelated: SCENARIO.unrelated,
    });
    expect(answers.map(({ label, under }) => `${label} ${under}`)).toEqual([
      ...['keeper none', 'length none', 'hold none'],
      ...['keeper unrelated', 'length unrelated', 'hold unrelated'],
    ]);
  });

  it('gives the answers of a plain chat with the seeds of the dialogue, scored by the judges of the prompt', async () => {
    const { answers } = await ask();
    const seeds = dialogueSeeds(SETTINGS.seed, SETTINGS.index);
    for (const [at, { question, judge }] of SCENARIO.probesAfter(1).entries()) {
      if (at === 1) continue; // shares the answer of the first
      for (const [under, system] of [
        ['none', null],
        ['unrelated', SCENARIO.unrelated!.system],
      ] as const) {
        const { sampling, maxTokens } = SETTINGS;
        const chat = openChat(speaking(llama), { system, sampling, maxTokens });
        const turn = await chat.probe(question, { seed: seeds.probe(1, at) });
        chat.dispose();
        const own = answers.filter((answer) => answer.under === under)[at]!;
        expect(own.answer).toBe(turn!.assistant);
        expect(own.score).toBeCloseTo(judge(turn!.assistant), 5);
      }
    }
  });

  it('does not depend on what the model did before', async () => {
    const model = speaking(llama);
    await leadDialogue(model, SCENARIO, OFF, SETTINGS);
    const once = await ask({}, { model });
    expect(once).toEqual(await ask());
    expect(await ask({}, { model })).toEqual(once);
  });

  it('repeats probes as the dialogue does, and counts their tokens', async () => {
    const { record, decodedTokens } = await askChance(speaking(llama), SCENARIO, {
      ...SETTINGS,
      probeRepeats: 2,
    });
    expect(record.answers.filter(({ repeat }) => repeat === 1)).toEqual((await ask()).answers);
    expect(record.answers).toHaveLength(12);
    expect(decodedTokens).toBeGreaterThan(0);
  });

  it('does not depend on how many probes are asked at once', async () => {
    const settings = { ...SETTINGS, probeRepeats: 3 };
    const alone = await askChance(speaking(llama), SCENARIO, settings);
    const forks = vi.spyOn(Session.prototype, 'fork');
    expect(await askChance(speaking(llama), SCENARIO, settings, new Places(4))).toEqual(alone);
    expect(forks.mock.calls.length).toBeGreaterThan(0);
    forks.mockRestore();
  });

  it('asks only without a system message if the source has no unrelated prompt', async () => {
    const { answers, unrelated } = await ask({}, { scenario: { ...SCENARIO, unrelated: null } });
    expect(unrelated).toBeNull();
    expect(new Set(answers.map(({ under }) => under))).toEqual(new Set(['none']));
  });

  it('asks the probes of all probed rounds, each question once', async () => {
    const scenario = {
      ...SCENARIO,
      probesAfter: (round: number) => [
        { label: 'a', question: 'Always?', rule: null, judge: () => 1 },
        { label: 'b', question: `Round ${round}?`, rule: null, judge: () => 0 },
      ],
    };
    const { answers } = await ask({}, { scenario });
    const none = answers.filter(({ under }) => under === 'none');
    expect(none.map(({ question }) => question)).toEqual(['Always?', 'Round 1?', 'Round 3?']);
  });
});
