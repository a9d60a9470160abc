import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meterMemory } from '../../fuzz/memory.mjs';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { parseTarget } from '../attention/index.js';
import { holdText, loadDialogue, PRESETS, readHold, replayDialogue } from '../dialogue/index.js';
import { headGrid, type Model } from '../engine/index.js';
import {
  dequantize,
  encodeSafetensors,
  memorySource,
  openSafetensors,
  readTensor,
} from '../formats/index.js';
import { currentMoment, layoutDialogue } from '../text/index.js';
import { type Trace, traceRun } from '../trace/index.js';
import {
  type AnswerEnd,
  type AnswerEvent,
  type AnswerRequest,
  type Column,
  createHost,
  type Draw,
  GROUPS,
  type Host,
  type OpenedDialogue,
  type PastTurn,
  type Steer,
  type TokenTrace,
} from './index.js';

const OFF: Steer = { policy: 'off', schedule: null, target: 'message', pairs: null };
const heldAt = (strength: number): Steer => ({
  ...OFF,
  policy: 'split-softmax',
  schedule: { kind: 'constant', strength },
});
const DRAW: Draw = { temperature: 8, topP: 1, seed: 5, maxTokens: 8 };
const never = new AbortController().signal;
const NO_CHOICE = { models: async () => [], executors: async () => [] };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

async function openHost(): Promise<Host> {
  // The fixture is shared between hosts, so none of them may dispose of it.
  const shared = { ...model, executor: model.executor, format: model.format, dispose: async () => {} };
  const host = createHost({ ...NO_CHOICE, load: async () => ({ model: shared, notes: [] }) }, '0.1.0');
  await host.run('load', { name: 'llama', executor: null }, () => {}, never);
  return host;
}

interface Answered {
  readonly words: readonly string[];
  readonly tokens: readonly TokenTrace[];
  readonly end: AnswerEnd;
  readonly readTurns: number;
}

async function ask(host: Host, changes: Partial<AnswerRequest>, onToken?: () => void): Promise<Answered> {
  const request: AnswerRequest = {
    ...{ column: 'held', system: SYSTEM, past: [], user: 'hello', steer: OFF, draw: DRAW },
    ...{ begin: [], strengths: null, measureOnly: false },
    ...changes,
  };
  const events: AnswerEvent[] = [];
  const report = (event: AnswerEvent): void => {
    events.push(event);
    if (event.kind === 'token') onToken?.();
  };
  await host.run('answer', request, report, never);
  return {
    words: events.flatMap((event) => (event.kind === 'words' ? event.words : [])),
    tokens: events.flatMap((event) => (event.kind === 'token' ? [event.token] : [])),
    end: events.flatMap((event) => (event.kind === 'end' ? (event.end ?? []) : []))[0]!,
    readTurns: events.filter(({ kind }) => kind === 'reading').length,
  };
}

const open = (host: Host, json: unknown) => host.run('open', { json, system: SYSTEM }, () => {}, never);

/** Leads a dialogue of some turns. */
async function lead(host: Host, users: readonly string[], column: Column, steer: Steer): Promise<PastTurn[]> {
  const past: PastTurn[] = [];
  for (const user of users) past.push((await ask(host, { column, past, user, steer })).end.turn);
  return past;
}

describe('an answer of the studio', () => {
  it('has shares that sum to one for every token, and those of the prompt word by word', async () => {
    const host = await openHost();
    const past = await lead(host, ['hello'], 'held', OFF);
    const { words, tokens } = await ask(host, { past, user: 'and now?' });
    expect(words.join('')).toBe(SYSTEM);
    expect(tokens.length).toBeGreaterThan(3);
    for (const { shares, words: ofWords, heads } of tokens) {
      expect(shares).toHaveLength(GROUPS.length);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
      expect(ofWords).toHaveLength(words.length);
      expect(ofWords.reduce((sum, share) => sum + share, 0)).toBeCloseTo(shares[0]!, 3);
      expect(heads).toHaveLength(12);
      for (const group of ['sink', 'earlier', 'message', 'template'] as const) {
        expect(shares[GROUPS.indexOf(group)], group).toBeGreaterThan(0);
      }
    }
  });

  it('is the same on both sides when the hold is off, and on neither side otherwise', async () => {
    const host = await openHost();
    const [off, held, other] = [
      await ask(host, { column: 'untouched' }),
      await ask(host, { column: 'held' }),
      await ask(host, { column: 'held', steer: heldAt(0.1) }),
    ];
    expect(held.tokens).toEqual(off.tokens);
    expect(other.tokens).not.toEqual(off.tokens);
    expect(off.tokens[0]!.before).toBeNull();
    expect(other.tokens[0]!.before).not.toEqual(other.tokens[0]!.heads);
  });

  it('takes a new strength from the next token on, and records what acted', async () => {
    const host = await openHost();
    let count = 0;
    const { tokens, end } = await ask(host, { steer: heldAt(1) }, () => {
      count++;
      if (count === 3) void host.run('strength', { column: 'held', strength: 0.2 }, () => {}, never);
    });
    const raised = tokens.map(({ before }) => before !== null);
    expect(raised).toEqual(tokens.map((_, index) => index >= 3));
    expect(end.turn.strengths).toEqual(tokens.map((_, index) => (index < 3 ? 1 : 0.2)));
    // What changed is read from the shares: they rise in every head of these rows, and the receipt counts just these.
    const mean = (shares: readonly number[]): number =>
      shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const held = tokens.filter(({ before }) => before !== null);
    for (const { before, heads } of held) expect(mean(heads)).toBeGreaterThan(1.05 * mean(before!));
    const { headsAsked, touched } = end.receipt!;
    expect(touched).toEqual(headsAsked.map((heads) => heads * held.length));
  });

  it.each<[string, Partial<AnswerRequest>]>([
    ['without a policy', { steer: OFF }],
    ['with another strength', { steer: heldAt(0.05) }],
    ['with another system prompt', { system: 'Another.' }],
  ])('is not touched by one %s that is asked for meanwhile, and refused', async (_, changes) => {
    const host = await openHost();
    const alone = await ask(host, { steer: heldAt(0.6) });
    const other = await openHost();
    const refused: Promise<unknown>[] = [];
    const { tokens } = await ask(other, { steer: heldAt(0.6) }, () => {
      if (refused.length === 0) refused.push(ask(other, changes).catch((error) => error.code));
    });
    expect(await Promise.all(refused)).toEqual(['E_BUSY']);
    expect(tokens).toEqual(alone.tokens);
  });

  it('does not take turns for others whose texts are the same when they are joined', async () => {
    const given = (user: string, assistant: string): PastTurn => ({
      ...{ system: SYSTEM, user, assistant, ids: null, begun: 0, strengths: null },
      ...{ finish: 'stop', steer: OFF, draw: DRAW },
    });
    const host = await openHost();
    await ask(host, { past: [given('a', 'b\0c\0d')] });
    const past = [given('a', 'b'), given('c', 'd')];
    expect((await ask(host, { past })).end.number).toBe(3);
  });

  it('is refused after an answer that no chat can have given', async () => {
    const host = await openHost();
    const [past] = await lead(host, ['hello'], 'held', OFF);
    const [end] = model.tokenizer!.endOfTurnIds;
    const ended = { ...past!, ids: [end!, ...past!.ids!] };
    const long = { ...past!, draw: { ...DRAW, maxTokens: 2 } };
    for (const turn of [ended, long]) {
      const fresh = await openHost();
      await expect(ask(fresh, { past: [turn] })).rejects.toThrow(/E_DIALOGUE: answer 1 has tokens after/);
    }
  });

  it('takes a strength that is set while it reads earlier turns', async () => {
    const past = await lead(await openHost(), ['hello'], 'held', heldAt(1));
    const fresh = await openHost();
    const request: AnswerRequest = {
      ...{ column: 'held', system: SYSTEM, past, user: 'and now?', steer: heldAt(1), draw: DRAW },
      ...{ begin: [], strengths: null, measureOnly: false },
    };
    const strengths: (number | null)[] = [];
    const report = (event: AnswerEvent): void => {
      if (event.kind === 'reading')
        void fresh.run('strength', { column: 'held', strength: 0.2 }, () => {}, never);
      if (event.kind === 'token') strengths.push(event.token.strength);
    };
    await fresh.run('answer', request, report, never);
    expect(strengths).toEqual(strengths.map(() => 0.2));
  });

  it('reads only the turns that its side lacks, and then continues as if it had them', async () => {
    const host = await openHost();
    const past = await lead(host, ['hello', 'and the rope?'], 'held', heldAt(0.4));
    const next = { past, user: 'once more', steer: heldAt(0.4) };
    const known = await ask(host, next);
    expect(known.readTurns).toBe(0);
    const fresh = await openHost();
    const read = await ask(fresh, next);
    expect(read.readTurns).toBe(2);
    expect(read.tokens).toEqual(known.tokens);
    // A branch from the first turn: nothing is read, and the second turn is gone.
    const branch = await ask(fresh, { ...next, past: past.slice(0, 1) });
    expect(branch.readTurns).toBe(0);
    expect(branch.end.number).toBe(2);
  });

  it('is measured again from its tokens, also one that was stopped', async () => {
    const host = await openHost();
    const first = await ask(host, { steer: heldAt(0.4) });
    const { ids } = first.end.turn;
    const stopped = ids!.slice(0, 3);
    const again = await ask(await openHost(), { steer: heldAt(0.4), begin: stopped, measureOnly: true });
    expect(again.tokens).toEqual(first.tokens.slice(0, 3));
    expect(again.end.turn.ids).toEqual(stopped);
  });

  it('continues from another token in the place of one of its own', async () => {
    const host = await openHost();
    const first = await ask(host, {});
    const other = first.tokens[2]!.alternatives.find(({ id }) => id !== first.tokens[2]!.id)!;
    const begin = [...first.end.turn.ids!.slice(0, 2), other.id];
    const { tokens, end } = await ask(host, { begin });
    expect(tokens.slice(0, 3).map(({ id }) => id)).toEqual(begin);
    expect(tokens[2]!.probability).toBeCloseTo(other.probability, 4);
    expect(end.turn.begun).toBe(3);
  });
});

describe('an answer in a full context', () => {
  it('says which turns are no longer read, and is the same from a side that reads them again', async () => {
    const host = await openHost();
    const past: PastTurn[] = [];
    const dropped: number[] = [];
    const long = { draw: { ...DRAW, maxTokens: 110 } };
    let last: Answered | null = null;
    for (const user of ['one', 'two', 'three', 'four', 'five']) {
      last = await ask(host, { past: [...past], user, ...long });
      past.push(last.end.turn);
      dropped.push(...last.end.dropped);
    }
    expect(dropped).toEqual([1, 2].slice(0, dropped.length));
    expect(dropped).not.toEqual([]);
    const again = await ask(await openHost(), { past: past.slice(0, 4), user: 'five', ...long });
    expect(again.tokens).toEqual(last!.tokens);
  });
});

describe('a dialogue of the studio', () => {
  it('is saved as the file of the command, which replays it, and is opened again', async () => {
    const host = await openHost();
    const steer = heldAt(0.4);
    const past = await lead(host, ['hello', 'and the rope?'], 'held', steer);
    const request = { column: 'held', system: SYSTEM, past, steer, draw: DRAW } as const;
    const json = JSON.parse(JSON.stringify(await host.run('save', request, () => {}, never)));
    expect((await replayDialogue(model, loadDialogue(json).saved!)).difference).toBeNull();
    const opened = await open(host, json);
    expect(opened).toMatchObject({ system: SYSTEM, next: { steer } });
    expect((opened as OpenedDialogue).turns.map(({ ids, user }) => [ids, user])).toEqual(
      past.map(({ ids, user }) => [ids, user]),
    );
    // Saved by a host that had to read it, it is the same but for what the cache had.
    const again = await (await openHost()).run('save', request, () => {}, never);
    expect(JSON.parse(JSON.stringify(again))).toMatchObject({ turns: json.turns, next: json.next });
  });

  it('is refused if it has settings that the studio would lose', async () => {
    const host = await openHost();
    const past = await lead(host, ['hello'], 'held', OFF);
    const saved = await host.run(
      'save',
      { column: 'held', system: SYSTEM, past, steer: OFF, draw: DRAW },
      () => {},
      never,
    );
    const json = JSON.parse(JSON.stringify(saved));
    json.turns[0].guidance = 1.5;
    await expect(open(host, json)).rejects.toThrow(/E_DIALOGUE: the studio has no setting for guidance/);
  });
});

describe('a dialogue of another model', () => {
  it('is opened as text if its vocabulary is another, with a note, and token by token if it is the same', async () => {
    const host = await openHost();
    const past = await lead(host, ['hello', 'and the rope?'], 'held', heldAt(0.4));
    const request = { column: 'held', system: SYSTEM, past, steer: OFF, draw: DRAW } as const;
    const json = JSON.parse(JSON.stringify(await host.run('save', request, () => {}, never)));
    json.model = { ...json.model, name: 'other', hash: 'f'.repeat(64) };
    // Other weights with the same vocabulary, as after a conversion.
    expect(await open(host, json)).toMatchObject({ turns: past.map(({ ids }) => ({ ids })), notes: [] });
    const otherIds = (at: number): number[] => past[at]!.ids!.map((id) => id + 1);
    const beyond = past[1]!.ids!.map((id) => id + 1_000_000);
    for (const ids of [otherIds(1), beyond]) {
      const changed = { ...json, turns: [json.turns[0], { ...json.turns[1], ids }] };
      expect(await open(host, changed)).toMatchObject({
        turns: past.map(({ assistant }) => ({ assistant, ids: null })),
        next: null,
        notes: [expect.stringMatching(/^other gave the answers, .* taken over as text/)],
      });
    }
  });

  it('is opened as text if an answer was edited, with a note', async () => {
    const host = await openHost();
    const past = await lead(host, ['hello', 'and the rope?'], 'held', heldAt(0.4));
    const request = { column: 'held', system: SYSTEM, past, steer: OFF, draw: DRAW } as const;
    const json = JSON.parse(JSON.stringify(await host.run('save', request, () => {}, never)));
    json.messages[2].content = 'I am a pirate.';
    expect(await open(host, json)).toMatchObject({
      turns: [
        { assistant: 'I am a pirate.', ids: null },
        { assistant: past[1]!.assistant, ids: null },
      ],
      notes: [expect.stringMatching(/^the answers of this file have other words than their tokens: /)],
    });
  });
});

describe('a hold', () => {
  it('is opened with its heads one by one, and says that it was made for other weights', async () => {
    const host = await openHost();
    const { layers, heads } = headGrid(model.executor.blueprint);
    const hold = {
      ...PRESETS[0]!,
      settings: { ...PRESETS[0]!.settings, layers: [1], heads: [0, 2] },
      model: { ...PRESETS[0]!.model, layers, heads },
    };
    expect(await open(host, hold)).toEqual({
      kind: 'hold',
      steer: {
        policy: 'split-softmax',
        schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
        target: 'message',
        pairs: [
          [1, 0],
          [1, 2],
        ],
      },
      notes: [expect.stringMatching(/made for other weights/)],
    });
  });
});

describe('a comparison', () => {
  it('finds no difference where the strength changes nothing, and one where it does', async () => {
    const host = await openHost();
    const { end } = await ask(host, {});
    const { user, assistant } = end.turn;
    const request = { system: SYSTEM, past: [], user, assistant };
    const same = await host.run('compare', { ...request, steer: heldAt(1) }, () => {}, never);
    const other = await host.run('compare', { ...request, steer: heldAt(0.1) }, () => {}, never);
    expect(same.map(({ kl }) => kl)).toEqual(same.map(() => 0));
    expect(Math.max(...other.map(({ kl }) => kl))).toBeGreaterThan(1e-4);
    expect(other[0]!.held.map(({ id }) => id)).not.toEqual([]);
  });
});

describe('files of the command', () => {
  it('are a hold that says that nothing has tested it, and that opens again', async () => {
    const host = await openHost();
    const steer: Steer = { ...heldAt(0.5), pairs: [[0, 1]] };
    const file = await host.run('hold', { system: SYSTEM, steer }, () => {}, never);
    const hold = readHold(file);
    expect(hold).toMatchObject({
      verdict: 'not tested',
      evidence: null,
      settings: { policy: 'split-softmax' },
    });
    const json = JSON.parse(holdText(hold));
    const opened = await host.run('open', { json, system: SYSTEM }, () => {}, never);
    expect(opened).toEqual({ kind: 'hold', steer, notes: [expect.stringMatching(/chosen by hand/)] });
    await expect(host.run('hold', { system: SYSTEM, steer: OFF }, () => {}, never)).rejects.toThrow(/E_HOLD/);
    const beyond = { system: SYSTEM, steer: { ...steer, pairs: [[0, 99]] as const } };
    await expect(host.run('hold', beyond, () => {}, never)).rejects.toThrow(/head 99 does not exist/);
  });

  it('are a trace of the dialogue, with the policy on the chosen heads alone', async () => {
    const host = await openHost();
    const { end } = await ask(host, { steer: heldAt(0.5) });
    const steer: Steer = { ...heldAt(0.5), pairs: [[0, 1]] };
    const request = { system: SYSTEM, past: [end.turn], steer, strength: 0.5 };
    const text = await host.run('trace', request, () => {}, never);
    const file = await openSafetensors(memorySource(Uint8Array.from(Buffer.from(text, 'base64')), 'trace'));
    expect([...file.tensors.keys()].sort()).toEqual(
      ['ids', 'span.shares', 'target.share_after', 'target.share_before'].sort(),
    );
    const { layers, heads } = headGrid(model.executor.blueprint);
    const [before, after] = await Promise.all(
      ['before', 'after'].map(async (at) => {
        const info = file.tensors.get(`target.share_${at}`)!;
        return dequantize(info.type, await readTensor(info));
      }),
    );
    const tokens = before!.length / (layers * heads);
    const changed = Array.from({ length: layers * heads }, (_, pair) =>
      before!
        .subarray(pair * tokens, (pair + 1) * tokens)
        .some((share, at) => share !== after![pair * tokens + at]),
    );
    // A changed head changes what later layers compute, but not how its own layer's others attend.
    expect(changed.slice(0, heads)).toEqual(Array.from({ length: heads }, (_, head) => head === 1));
    // It opens with the shares that the answer was generated with: here, without a policy.
    const plain = await ask(host, { steer: OFF });
    const untouched = { system: SYSTEM, past: [plain.end.turn], steer: OFF, strength: null };
    const opened = await host.run(
      'opentrace',
      { file: await host.run('trace', untouched, () => {}, never) },
      () => {},
      never,
    );
    expect(opened.system).toBe(SYSTEM);
    const [only] = opened.turns;
    expect(only!.end.turn).toMatchObject({ user: 'hello', assistant: plain.end.turn.assistant });
    expect(only!.end.prompt!.after).toBeCloseTo(plain.end.prompt!.after, 4);
    expect(only!.tokens.length).toBeGreaterThan(3);
    for (const [at, token] of only!.tokens.entries()) {
      expect(token.id).toBe(plain.tokens[at]!.id);
      for (const [group, share] of token.shares.entries()) {
        expect(share).toBeCloseTo(plain.tokens[at]!.shares[group]!, 4);
      }
      for (const [pair, share] of token.heads.entries()) {
        expect(share).toBeCloseTo(plain.tokens[at]!.heads[pair]!, 4);
      }
    }
    const sustained: Steer = { ...OFF, policy: 'sustain' };
    await expect(
      host.run('trace', { ...request, steer: sustained, strength: null }, () => {}, never),
    ).rejects.toThrow(/E_USAGE: a trace needs a strength/);
  });

  it('are a trace that is whole: one that is damaged, or not of a dialogue, is refused', async () => {
    const host = await openHost();
    const layout = layoutDialogue(
      model.format!,
      [
        { role: 'system', content: SYSTEM },
        { role: 'user', content: 'hello' },
      ],
      { now: currentMoment(), trustContent: false, addGenerationPrompt: true },
    );
    const whole = await traceRun(model, { input: layout, logits: false, versions: {} });
    const bare = await traceRun(model, { input: [1, 2, 3], target: parseTarget('1:2'), versions: {} });
    const open = ({ tensors, metadata }: Trace): Promise<unknown> => {
      const file = Buffer.concat(encodeSafetensors(tensors, metadata)).toString('base64');
      return host.run('opentrace', { file }, () => {}, never);
    };
    const changed = (record: object, shares: (share: number) => number = (share) => share): Trace => ({
      metadata: {
        ...whole.metadata,
        ...Object.fromEntries(Object.entries(record).map(([name, value]) => [name, JSON.stringify(value)])),
      },
      tensors: whole.tensors.map((tensor) =>
        tensor.name === 'span.shares'
          ? { ...tensor, data: (tensor.data as Float32Array).map((share) => shares(share)) }
          : tensor,
      ),
    });
    await expect(open(whole)).resolves.toMatchObject({ kind: 'trace', system: SYSTEM });
    await expect(open(bare)).rejects.toThrow(/E_USAGE: this is not the trace of a dialogue/);
    await expect(open(changed({ format: 'else' }))).rejects.toThrow(/E_SAFETENSORS: it is no trace/);
    await expect(open(changed({ spans: [] }))).rejects.toThrow(/E_SAFETENSORS.*spans that do not cover/);
    await expect(open(changed({ layersInMeans: [99] }))).rejects.toThrow(/E_SAFETENSORS.*layer 99/);
    await expect(open(changed({}, () => Number.NaN))).rejects.toThrow(/E_TENSOR_VALUE: NaN is no share/);
    await expect(open(changed({ policy: 'bend', strength: 0.5 }))).rejects.toThrow(/E_POLICY/);
    await expect(open(changed({ modelHash: 'ab' }))).rejects.toThrow(/E_USAGE.*not of the model/);
    await expect(host.run('opentrace', { file: btoa('nothing') }, () => {}, never)).rejects.toThrow(/E_/);
  });

  it('takes little more memory than a trace has bytes', async () => {
    const host = await openHost();
    const file = Buffer.alloc(16 * 2 ** 20, 1).toString('base64');
    const meter = meterMemory();
    await expect(host.run('opentrace', { file }, () => {}, never)).rejects.toThrow(/E_SAFETENSORS/);
    // The letters of the file and its bytes; a list of their numbers would take 128 MiB.
    expect(meter.stop()).toBeLessThan(64 * 2 ** 20);
  });
});

describe('a host', () => {
  it('loads models one after another, and disposes of each before the next', async () => {
    const events: string[] = [];
    const host = createHost(
      {
        ...NO_CHOICE,
        load: async ({ name }) => {
          events.push(`load ${name}`);
          await new Promise((resolve) => setTimeout(resolve, 1));
          const dispose = async (): Promise<void> => void events.push(`dispose of ${name}`);
          const { executor, format } = model;
          return { model: { ...model, executor, format, name, dispose }, notes: [] };
        },
      },
      '0.1.0',
    );
    const load = (name: string) => host.run('load', { name, executor: null }, () => {}, never);
    const [a, b] = await Promise.all([load('a'), load('b')]);
    await host.dispose();
    expect([a.name, b.name]).toEqual(['a', 'b']);
    expect(events).toEqual(['load a', 'dispose of a', 'load b', 'dispose of b']);
  });

  it('asks for a model first', async () => {
    const host = createHost({ ...NO_CHOICE, load: () => Promise.reject(new Error()) }, '0.1.0');
    await expect(host.run('strength', { column: 'held', strength: 1 }, () => {}, never)).rejects.toThrow(
      /E_DISPOSED: no model is loaded/,
    );
  });
});
