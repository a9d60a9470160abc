import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { SteeringOptions } from '../dialogue/index.js';
import { type Model, Session } from '../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../load.js';
import { layoutDialogue, type Message, placeOf, wordsAt } from '../text/index.js';
import { type InfluenceHistory, measureInfluence, type Reference } from './influence.js';

const OTHER = 'You are a sail in the wind. Let all go.';
const TALK: InfluenceHistory = {
  system: SYSTEM,
  exchanges: [
    { user: 'What of it?', assistant: 'I hold fast.' },
    { user: 'Pull harder.', assistant: 'hold the rope and pull' },
    { user: 'And now?', assistant: 'fast' },
  ],
};
const REFERENCES = [
  { name: 'other', system: OTHER },
  { name: 'none', system: null },
];
/** No token attends to the system message. */
const KNOCKED_OUT: SteeringOptions = {
  policy: 'floor',
  strength: 1,
  target: { kind: 'not', of: { kind: 'message' } },
};

let llama: Model;
let embedded: Model;
beforeAll(async () => {
  [llama, embedded] = await Promise.all([
    loadFixture('llama'),
    loadModel(EMBEDDED_MODEL, { batchInvariant: true, threads: 1 }),
  ]);
});
afterAll(() => Promise.all([llama.dispose(), embedded.dispose()]));

/** Nats a token by round, beside each reference. */
const valuesOf = async (
  model: Model,
  history: InfluenceHistory,
  settings: SteeringOptions = {},
  references: readonly Reference[] = REFERENCES,
): Promise<number[][]> => {
  const influence = await measureInfluence(model, history, references, { settings, now: NOW });
  return influence.references.map(({ rounds }) => rounds.map(({ sum, count }) => sum / count));
};

/** Log probabilities of the rows that choose the answers, `[rounds][rows][vocab]`, from one plain pass over the dialogue. */
async function byHand(
  model: Model,
  system: string | null,
  exchanges = TALK.exchanges,
): Promise<number[][][]> {
  const messages: Message[] = [
    ...(system === null ? [] : [{ role: 'system', content: system } as const]),
    ...exchanges.flatMap(({ user, assistant }): Message[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]),
  ];
  const { ids, messages: layouts } = layoutDialogue(model.format!, messages, {
    addGenerationPrompt: false,
    now: NOW,
  });
  const session = new Session(model.executor);
  const { logits } = await session.advance(ids, { logits: 'all' });
  session.dispose();
  const { vocabSize } = model.executor.blueprint;
  return layouts
    .filter(({ role }) => role === 'assistant')
    .map((layout) => wordsAt(placeOf(layout)))
    .map(({ start, end }) =>
      Array.from({ length: end - start + 1 }, (_, at) => {
        const row = Array.from(logits.slice((start - 1 + at) * vocabSize, (start + at) * vocabSize));
        const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
        return row.map((logit) => logit - Math.log(total));
      }),
    );
}

describe('the direct influence of a prompt', () => {
  it('is the mean of Σ p (log p − log q) over the rows that choose an answer, computed by hand from plain passes', async () => {
    const own = await byHand(llama, SYSTEM);
    const values = await valuesOf(llama, TALK);
    for (const [at, { name, system }] of REFERENCES.entries()) {
      const other = await byHand(llama, system);
      for (const [round, rows] of own.entries()) {
        const divergences = rows.map((log, row) =>
          log.reduce((sum, p, id) => sum + Math.exp(p) * (p - other[round]![row]![id]!), 0),
        );
        const mean = divergences.reduce((sum, each) => sum + each, 0) / rows.length;
        expect(mean, `${name}, round ${round + 1}`).toBeGreaterThan(0.01);
        expect(values[at]![round], `${name}, round ${round + 1}`).toBeCloseTo(mean, 4);
      }
    }
  });

  it('is exactly 0 beside the same prompt, under any policy', async () => {
    const same = [{ name: 'same', system: SYSTEM }];
    const policies: SteeringOptions[] = [
      {},
      { policy: 'split-softmax', strength: 0.4 },
      { policy: 'sustain' },
      { policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.3 } },
      { guidance: 2 },
      { policy: 'split-softmax', strength: 0.4, cache: 'clean' },
      { reminder: true },
    ];
    for (const settings of policies) {
      expect(await valuesOf(llama, TALK, settings, same), JSON.stringify(settings)).toEqual([[0, 0, 0]]);
    }
  });

  it('beside no prompt has no reminder of it, but keeps one of another text', async () => {
    const [none] = [REFERENCES[1]!];
    const [off] = await valuesOf(llama, TALK, {}, [none]);
    const [reminded] = await valuesOf(llama, TALK, { reminder: true }, [none]);
    const [text] = await valuesOf(llama, TALK, { reminder: 'Hold!' }, [none]);
    for (const values of [reminded!, text!]) {
      expect(values).not.toEqual(off);
      for (const value of values) expect(value).toBeGreaterThan(0);
    }
  });

  it('is about 0 where no token attends to the prompt', async () => {
    const prompts = [{ name: 'as long', system: SYSTEM.replace('rope', 'sail').replace('fast', 'tight') }];
    const [off] = await valuesOf(embedded, TALK, {}, prompts);
    const [out] = await valuesOf(embedded, TALK, KNOCKED_OUT, prompts);
    for (const [round, value] of out!.entries()) {
      expect(off![round]).toBeGreaterThan(1e-3);
      expect(value).toBeLessThan(1e-3 * off![round]!);
    }
  });

  it('grows as k falls, and with guidance', async () => {
    const late = async (settings: SteeringOptions): Promise<number> =>
      (await valuesOf(embedded, TALK, settings))[0]!.at(-1)!;
    const off = await late({});
    const weak = await late({ policy: 'split-softmax', strength: 0.7 });
    const strong = await late({ policy: 'split-softmax', strength: 0.4 });
    expect(weak).toBeGreaterThan(off);
    expect(strong).toBeGreaterThan(weak);
    expect(await late({ guidance: 2 })).toBeGreaterThan(off);
  });

  it('acts on the system message of each pass, and without one not at all', async () => {
    const settings: SteeringOptions = { policy: 'split-softmax', strength: 0.3 };
    const passes: boolean[] = [];
    const watched = spyOnModel(llama, ({ intervention }) => {
      passes.push(intervention?.policy === 'split-softmax');
    });
    await measureInfluence(watched, TALK, REFERENCES, { settings, now: NOW });
    expect(passes.filter((acts) => !acts)).toHaveLength(passes.length / 3);
    const swapped = await valuesOf(llama, { ...TALK, system: null }, settings, [REFERENCES[0]!]);
    expect(swapped[0]!.every((value) => value > 0)).toBe(true);
  });

  it('does not depend on what the model computes at the same time', async () => {
    const talks = [
      TALK,
      { ...TALK, system: OTHER },
      { ...TALK, exchanges: [...TALK.exchanges, ...TALK.exchanges] },
    ];
    const alone = [];
    for (const talk of talks) alone.push(await valuesOf(embedded, talk, { policy: 'sustain' }));
    const atOnce = await Promise.all(talks.map((talk) => valuesOf(embedded, talk, { policy: 'sustain' })));
    expect(atOnce).toEqual(alone);
  });

  it('measures the asked rounds alone, with the same numbers, and counts its work', async () => {
    const all = await measureInfluence(llama, TALK, REFERENCES, { now: NOW });
    let tokens = 0;
    let logits = 0;
    const watched = spyOnModel(llama, (request, result) => {
      tokens += request.tokens.length;
      logits += result.logits.length;
    });
    const last = await measureInfluence(watched, TALK, REFERENCES, { rounds: [3], now: NOW });
    for (const [at, { rounds }] of last.references.entries()) {
      expect(rounds.map(({ round }) => round)).toEqual([3]);
      expect(rounds[0]!.sum).toBeCloseTo(all.references[at]!.rounds[2]!.sum, 4);
    }
    expect(last.forwardedTokens).toBe(tokens);
    expect(all.forwardedTokens).toBe(tokens);
    expect(logits / 512).toBe(3 * all.references[0]!.rounds[2]!.count);
  });

  it('says in which measured rounds the policy did nothing', async () => {
    const long = { ...TALK, exchanges: [...TALK.exchanges, ...TALK.exchanges, ...TALK.exchanges] };
    const idleUnder = async (settings: SteeringOptions, rounds?: readonly number[]) => {
      const options = { settings, ...(rounds && { rounds }), now: NOW };
      return (await measureInfluence(embedded, long, REFERENCES, options)).idle;
    };
    const every = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(await idleUnder({})).toEqual(every);
    expect(await idleUnder({ policy: 'split-softmax', strength: 0.5 })).toEqual([]);
    const random: SteeringOptions = {
      ...{ policy: 'split-softmax', strength: 0.5 },
      target: { kind: 'random', seed: 1 },
    };
    const waits = await idleUnder(random);
    expect(waits.length).toBeGreaterThan(0);
    expect(waits.length).toBeLessThan(9);
    expect(waits).toEqual(every.slice(0, waits.length));
    expect(await idleUnder(random, [1, 9])).toEqual([1]);
  });

  it('counts given exchanges as turns and does not measure them', async () => {
    const [first, ...others] = TALK.exchanges;
    const given: Message[] = [
      { role: 'user', content: first!.user },
      { role: 'assistant', content: first!.assistant },
    ];
    const settings: SteeringOptions = {
      policy: 'split-softmax',
      schedule: { kind: 'per-turn', from: 1, to: 0.5, step: 0.5 },
    };
    const turns: number[] = [];
    const influence = await measureInfluence(llama, { ...TALK, given, exchanges: others }, REFERENCES, {
      settings,
      message: (_, turn, words) => {
        turns.push(turn);
        return words;
      },
      now: NOW,
    });
    expect(influence.references[0]!.rounds.map(({ round }) => round)).toEqual([1, 2]);
    expect([...new Set(turns)]).toEqual([2, 3]);
    // The schedule is at its end from the first measured round on.
    const constant = await measureInfluence(llama, { ...TALK, given, exchanges: others }, REFERENCES, {
      settings: { policy: 'split-softmax', strength: 0.5 },
      now: NOW,
    });
    expect(influence.references).toEqual(constant.references);
  });

  it('is total beside the answers that the reference got, computed by hand from plain passes over both dialogues', async () => {
    const answers = ['We let go.', 'sail with the wind', 'away'];
    const total = { name: 'total', system: OTHER, answers };
    const [own] = await valuesOf(llama, TALK, {}, [total]);
    const [direct] = await valuesOf(llama, TALK, {}, [REFERENCES[0]!]);
    // In the first round there is no history yet.
    expect(own![0]).toBeCloseTo(direct![0]!, 5);
    for (const round of [1, 2]) {
      const history = TALK.exchanges.map(({ user, assistant }, at) => ({
        user,
        assistant: at < round ? answers[at]! : assistant,
      }));
      const rows = (await byHand(llama, SYSTEM))[round]!;
      const other = (await byHand(llama, OTHER, history))[round]!;
      const divergences = rows.map((log, row) =>
        log.reduce((sum, p, id) => sum + Math.exp(p) * (p - other[row]![id]!), 0),
      );
      const mean = divergences.reduce((sum, each) => sum + each, 0) / rows.length;
      expect(own![round]).toBeCloseTo(mean, 4);
      expect(own![round]).not.toBeCloseTo(direct![round]!, 3);
    }
  });

  it('is exactly 0 in total beside the same prompt and answers, and not beside other answers', async () => {
    const answers = TALK.exchanges.map(({ assistant }) => assistant);
    const same = { name: 'same', system: SYSTEM, answers };
    for (const settings of [{}, { policy: 'split-softmax', strength: 0.4 }] satisfies SteeringOptions[]) {
      const [values] = await valuesOf(llama, TALK, settings, [same]);
      expect(Math.max(...values!.map(Math.abs))).toBeLessThan(1e-6);
    }
    const [unlike] = await valuesOf(llama, TALK, {}, [{ ...same, answers: ['away', 'away', 'away'] }]);
    expect(unlike![0]).toBeLessThan(1e-6);
    expect(unlike![1]).toBeGreaterThan(1e-3);
  });

  it('has one row for an empty answer, the one that ends it, and none for no rounds', async () => {
    const empty = await measureInfluence(
      llama,
      { system: SYSTEM, exchanges: [{ user: 'What of it?', assistant: '' }] },
      REFERENCES,
      { now: NOW },
    );
    expect(empty.references[0]!.rounds).toEqual([{ round: 1, sum: expect.any(Number), count: 1 }]);
    const nothing = await measureInfluence(llama, { system: SYSTEM, exchanges: [] }, REFERENCES, {
      now: NOW,
    });
    expect(nothing).toMatchObject({ forwardPasses: 0, references: [{ rounds: [] }, { rounds: [] }] });
  });

  it('refuses logits that are not numbers', async () => {
    const broken = spyOnModel(llama, (_, { logits }) => {
      if (logits.length > 0) logits[0] = Number.NaN;
    });
    await expect(valuesOf(broken, TALK)).rejects.toMatchObject({ code: 'E_EXECUTOR' });
  });
});
