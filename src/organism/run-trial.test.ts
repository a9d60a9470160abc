import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { collectRounds, spyOnModel, TRIAL } from '../../test/support/organism-fixtures.js';
import { speaking } from '../../test/support/scenario-fixtures.js';
import type { Model } from '../engine/index.js';
import { loadGrammar } from './grammar.js';
import { runTrial, type TrialRoundRecord } from './run-trial.js';
import type { Trial } from './trial.js';
import type { TrialArm } from './trial-arm.js';

const grammar = loadGrammar();
const OFF: TrialArm = { name: 'off', settings: { policy: 'off' } };
const HELD: TrialArm = { name: 'held', settings: { policy: 'split-softmax', strength: 0.3 } };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

interface RunOptions {
  readonly model?: Model;
  readonly probeRounds?: readonly number[];
  readonly trial?: Trial;
}

const TWO_ROUNDS: Trial = { ...TRIAL, rounds: TRIAL.rounds.slice(0, 2) };

function run(arm: TrialArm, options: RunOptions = {}): Promise<TrialRoundRecord[]> {
  const { model: other = brief(), probeRounds = [], trial = TWO_ROUNDS } = options;
  return collectRounds(runTrial(other, grammar, trial, arm, new Set(probeRounds)));
}

const brief = (temperature?: number): Model => speaking(model, temperature);

/** Returns a model that gives these answers in order. After a text that ends with …, it adds empty lines until cut off. */
function scripted(texts: readonly string[]): Model {
  const { tokenizer } = model.format!;
  const [line] = tokenizer.encode('\n');
  const ids = texts.flatMap((text) =>
    text.endsWith('…')
      ? [...tokenizer.encode(text.slice(0, -1)), ...Array<number>(96).fill(line!)]
      : [...tokenizer.encode(text), tokenizer.endOfTurnIds[0]!],
  );
  return spyOnModel(model, ({ logits: wanted }, { logits }) => {
    if (wanted === 'none') return;
    logits.fill(-1e9);
    logits[ids.shift()!] = 0;
  });
}

const answersOf = (records: readonly TrialRoundRecord[]): string[] => records.map(({ answer }) => answer);

describe('a trial', () => {
  it('is scored by what the model says, each instruction by its own probe', async () => {
    const [first, second] = await run(OFF, {
      probeRounds: [1, 2],
      model: scripted([
        'There is much to see in Rome. lemon',
        'There is much to see in Rome. lemon',
        'I have no name.',
        'Good.',
        'There is much to see in Rome.',
        'My name is Anna.',
      ]),
    });
    const scores = ({ probes }: TrialRoundRecord) => probes.map(({ family, score }) => [family, score]);
    expect(first!.followed).toEqual([{ family: 'end', score: 1, answer: first!.answer }]);
    expect(first!.ability).toEqual({ topic: 1, slots: 1, wellFormed: 1 });
    expect(scores(first!)).toEqual([
      ['end', 1],
      ['name', 0],
    ]);
    expect(first!.probes[1]!.answer).toBe('I have no name.');
    expect(second!.followed.map(({ score }) => score)).toEqual([0]);
    expect(second!.ability, 'not about a topic').toBeNull();
    expect(scores(second!)).toEqual([
      ['end', 0],
      ['name', 1],
    ]);
  });

  it('scores an answer that was cut off as not well formed', async () => {
    const answered = async (text: string) => {
      const trial = { ...TRIAL, rounds: TRIAL.rounds.slice(0, 1) };
      const [record] = await run(OFF, { trial, model: scripted([text]) });
      return record!;
    };
    const whole = await answered('There is much to see in Rome.');
    const cut = await answered('There is much to see in Rome.…');
    expect(cut.answer.trim()).toBe(whole.answer);
    expect(whole.ability).toEqual({ topic: 1, slots: 1, wellFormed: 1 });
    expect(cut.ability).toEqual({ topic: 1, slots: 1, wellFormed: 0 });
  });

  it('records the tokens before each answer and the share of every head', async () => {
    const prompts: number[] = [];
    const watched = spyOnModel(brief(), ({ sequence, logits, tokens }, result) => {
      // The prompt's last token is forwarded alone, after a block that returns no logits.
      if (logits === 'none') prompts.push(sequence.length + 1);
      expect(result.logits.length === 0 || tokens.length === 1).toBe(true);
    });
    const records = await run(OFF, { model: watched });
    expect(records.map(({ round }) => round)).toEqual([1, 2]);
    expect(records.map(({ tokens }) => tokens)).toEqual(prompts);
    for (const { heads, share } of records) {
      expect(heads).toHaveLength(12);
      expect(heads.reduce((sum, head) => sum + head, 0) / 12).toBeCloseTo(share.before, 6);
      expect(share.after).toBe(share.before);
    }
  });

  it('is not changed by its probes', async () => {
    const growing: TrialArm = {
      name: 'growing',
      settings: { policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } },
    };
    const plain = await run(growing);
    const probed = await run(growing, { probeRounds: [1, 2] });
    expect(probed.map(({ probes }) => probes.length)).toEqual([2, 2]);
    expect(probed.map((record) => ({ ...record, probes: [] }))).toEqual(plain);
    const once = await run(growing, { probeRounds: [2] });
    expect(once[1], 'nor in the probes of later rounds').toEqual(probed[1]);
  });

  it('uses the same seeds in every arm, and a different seed for each answer', async () => {
    const deaf = { model: brief(Number.POSITIVE_INFINITY), probeRounds: [1, 2] };
    const off = await run(OFF, deaf);
    const held = await run(HELD, deaf);
    const said = (records: TrialRoundRecord[]): string[] =>
      records.flatMap(({ answer, probes }) => [answer, ...probes.map((probe) => probe.answer)]);
    expect(said(held)).toEqual(said(off));
    const next = await run(OFF, { ...deaf, trial: { ...TWO_ROUNDS, index: TRIAL.index + 1 } });
    const words = [...said(off), ...said(next)].filter((text) => text !== '');
    expect(words.length).toBeGreaterThan(8);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe('the arms of a trial', () => {
  it('do not affect each other', async () => {
    const alone = await run(HELD);
    await run(OFF);
    expect(await run(HELD)).toEqual(alone);
  });

  it('differ, except that strength 1 equals the arm off bit for bit', async () => {
    const off = await run(OFF, { probeRounds: [1] });
    const arm = (strength: number, target: TrialArm['target'] & string): TrialArm => ({
      name: 'an arm',
      settings: { policy: 'split-softmax', strength },
      target,
    });
    expect(await run(arm(1, 'message'), { probeRounds: [1] })).toEqual(off);
    for (const target of ['message', 'prefix', 'sink', 'after'] as const) {
      expect(answersOf(await run(arm(1, target))), target).toEqual(answersOf(off));
      expect(answersOf(await run(arm(0.1, target))), target).not.toEqual(answersOf(off));
    }
  });

  it('raise the share of their own target only', async () => {
    const [off] = await run(OFF);
    const [held] = await run(HELD);
    expect(held!.share.after).toBeGreaterThan(held!.share.before);
    for (const target of ['sink', 'after'] as const) {
      const [control] = await run({ ...HELD, target });
      expect(control!.share.after, target).toBeGreaterThan(control!.share.before);
    }
    const [sink] = await run({ ...HELD, target: 'sink' });
    expect(Math.abs(sink!.share.before - off!.share.before), 'another span').toBeGreaterThan(0.01);
  });
});
