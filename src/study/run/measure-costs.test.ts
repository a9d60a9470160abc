import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_TEMPLATES, type AnswerTemplate } from '../../../test/support/answer-templates.js';
import { ask, loadFixture } from '../../../test/support/chat-fixtures.js';
import { MATERIAL } from '../../../test/support/material-fixtures.js';
import { spyOnModel } from '../../../test/support/organism-fixtures.js';
import { armOf, OFF } from '../../../test/support/scenario-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { openChat, openForcedChat } from '../../dialogue/index.js';
import { type Model, Session } from '../../engine/index.js';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import { chatFormat, layoutDialogue, type Message, placeOf, wordsAt } from '../../text/index.js';
import type { Arm } from '../plan/index.js';
import { PLAIN_SYSTEM, textDialogue } from '../plan/index.js';
import { divergence, negativeLogLikelihood, rightAnswer } from './measure-costs.js';

const [TALK] = MATERIAL.dialogues;
const VOCAB = 512;
const NO_SYSTEM: Arm = { ...OFF, name: 'no-system', noSystem: true };

let llama: Model;
let embedded: Model;
beforeAll(async () => {
  [llama, embedded] = await Promise.all([loadFixture('llama'), loadModel(EMBEDDED_MODEL)]);
});
afterAll(() => Promise.all([llama.dispose(), embedded.dispose()]));

/** Log softmax, computed in the simplest way. */
function logProbabilities(logits: Float32Array, row: number): number[] {
  const scores = Array.from(logits.slice(row * VOCAB, (row + 1) * VOCAB));
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return scores.map((score) => score - Math.log(total));
}

/** Runs the untouched model over the whole dialogue in one pass. Returns the ids and the rows that choose the answers. */
async function wholePass(repeated: ReadonlySet<number> = new Set()) {
  const { system, exchanges } = TALK!;
  const messages: Message[] = [
    { role: 'system', content: system },
    ...exchanges.flatMap(({ user, assistant }, index): Message[] => [
      { role: 'user', content: repeated.has(index + 1) ? `${system}\n\n${user}` : user },
      { role: 'assistant', content: assistant },
    ]),
  ];
  const { ids, messages: layouts } = layoutDialogue(llama.format!, messages, {
    addGenerationPrompt: false,
    now: NOW,
  });
  const session = new Session(llama.executor);
  const { logits } = await session.advance(ids, { logits: 'all' });
  session.dispose();
  const rows = layouts
    .filter(({ role }) => role === 'assistant')
    .map((layout) => wordsAt(placeOf(layout)))
    .flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, at) => start - 1 + at));
  return { ids, rows: rows.map((row) => ({ chosen: ids[row + 1]!, log: logProbabilities(logits, row) })) };
}

const ARMS: readonly Arm[] = [
  armOf({ policy: 'split-softmax', strength: 0.3 }),
  armOf({ policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } }),
  armOf({ policy: 'split-softmax', schedule: { kind: 'per-token', from: 1, to: 0.2, rate: 0.2 } }),
  armOf({ policy: 'sustain' }),
  armOf({ policy: 'boost', strength: 4, target: { kind: 'random', seed: 0 } }),
  armOf({ policy: 'split-softmax', strength: 0.3, cache: 'clean' }),
  armOf({ policy: 'off' }, 2),
  armOf({ policy: 'off', reminder: true }),
  armOf({ policy: 'off', guidance: 2 }),
  armOf({ policy: 'off', silence: [[1, 0]] }),
  NO_SYSTEM,
];

describe('divergence', () => {
  it('is exactly 0 for the untouched model and for arms that change nothing, and positive for all others', async () => {
    const none = await divergence(llama, TALK!, OFF, NOW);
    expect(none.sum).toBe(0);
    expect(none.count).toBe((await wholePass()).rows.length);
    expect((await divergence(llama, TALK!, armOf({ policy: 'split-softmax', strength: 1 }), NOW)).sum).toBe(
      0,
    );
    for (const arm of ARMS) {
      const { sum, count } = await divergence(llama, TALK!, arm, NOW);
      expect(sum, JSON.stringify(arm)).toBeGreaterThan(1e-4);
      expect(count).toBe(none.count);
    }
  });

  it('is the sum of p · (log p − log q), computed by hand from two passes over the same answers', async () => {
    const untouched = (await wholePass()).rows;
    const repeated = (await wholePass(new Set([2]))).rows;
    let byHand = 0;
    for (const [row, { log }] of untouched.entries()) {
      const other = repeated[row]!;
      expect(other.chosen, 'the same answers').toBe(untouched[row]!.chosen);
      for (const [id, p] of log.entries()) byHand += Math.exp(p) * (p - other.log[id]!);
    }
    const { sum } = await divergence(llama, TALK!, armOf({ policy: 'off' }, 2), NOW);
    expect(sum).toBeCloseTo(byHand, 3);
  });

  it('is known by round, and 0 in rounds whose strength changes nothing', async () => {
    const growing = { kind: 'per-turn', from: 1, to: 0.2, step: 0.4 } as const;
    const arm = armOf({ policy: 'split-softmax', schedule: growing });
    const { sum, count, rounds } = await divergence(llama, TALK!, arm, NOW);
    expect(rounds.map(({ round }) => round)).toEqual(TALK!.exchanges.map((_, at) => at + 1));
    const [first, ...later] = rounds.map((each) => each.sum);
    expect(first).toBe(0);
    for (const nats of later) expect(nats).toBeGreaterThan(1e-4);
    expect(later.reduce((all, nats) => all + nats, 0)).toBeCloseTo(sum, 9);
    expect(rounds.reduce((all, each) => all + each.count, 0)).toBe(count);
  });

  it('of a clean cache is that of each turn read under the policy after an untouched dialogue', async () => {
    const { system, exchanges } = TALK!;
    const settings = { policy: 'split-softmax', strength: 0.3, cache: 'clean' } as const;
    let byHand = 0;
    for (const turn of exchanges.keys()) {
      const [off, held] = await Promise.all(
        [{ policy: 'off' } as const, settings].map(async (under) => {
          // No policy has acted before: the cache is clean, and nothing is computed again.
          const chat = openForcedChat(llama, { system, now: NOW });
          for (const { user, assistant } of exchanges.slice(0, turn)) await chat.read(user, assistant);
          chat.configure(under);
          const read = await chat.read(exchanges[turn]!.user, exchanges[turn]!.assistant);
          chat.dispose();
          return read;
        }),
      );
      for (const row of off!.chosen.keys()) {
        const [p, q] = [logProbabilities(off!.logits, row), logProbabilities(held!.logits, row)];
        for (const [id, log] of p.entries()) byHand += Math.exp(log) * (log - q[id]!);
      }
    }
    const clean = await divergence(llama, TALK!, armOf(settings), NOW);
    expect(clean.sum).toBeCloseTo(byHand, 3);
    const held = await divergence(llama, TALK!, armOf({ ...settings, cache: 'held' }), NOW);
    expect(Math.abs(held.sum - clean.sum)).toBeGreaterThan(0.01);
  });

  it('grows as k falls', async () => {
    const sums = [];
    for (const strength of [0.9, 0.6, 0.3]) {
      sums.push((await divergence(embedded, TALK!, armOf({ policy: 'split-softmax', strength }), NOW)).sum);
    }
    expect(sums).toEqual([...sums].sort((a, b) => a - b));
    expect(sums[0]).toBeGreaterThan(0);
  });

  it('keeps the logits of one turn in memory at a time', async () => {
    const rows: number[] = [];
    const watched = spyOnModel(llama, (_, { logits }) => rows.push(logits.length / VOCAB));
    await divergence(watched, TALK!, ARMS[0]!, NOW);
    expect(rows).toHaveLength(2 * TALK!.exchanges.length);
  });
});

describe('negativeLogLikelihood', () => {
  it('equals that of the untouched model in one pass under the arm off', async () => {
    const { rows } = await wholePass();
    const { sum, count } = await negativeLogLikelihood(llama, TALK!, OFF, NOW);
    expect(sum).toBeCloseTo(-rows.reduce((total, { chosen, log }) => total + log[chosen]!, 0), 2);
    expect(count).toBe(rows.length);
    const held = await negativeLogLikelihood(llama, TALK!, ARMS[0]!, NOW);
    expect(held.sum).not.toBe(sum);
    expect(held.count).toBe(count);
  });

  it('of a dialogue without its system message does not depend on that message', async () => {
    const costOf = (arm: Arm, system: string) => negativeLogLikelihood(llama, { ...TALK!, system }, arm, NOW);
    expect(await costOf(NO_SYSTEM, 'Sing.')).toEqual(await costOf(NO_SYSTEM, TALK!.system));
    expect((await costOf(OFF, 'Sing.')).sum).not.toBe((await costOf(OFF, TALK!.system)).sum);
  });

  it('reads a text passage by passage, as a dialogue of several turns', () => {
    const [text] = MATERIAL.texts;
    const { system, exchanges } = textDialogue(text!);
    expect(system).toBe(PLAIN_SYSTEM);
    expect(exchanges.length).toBeGreaterThan(1);
    expect(exchanges.map(({ assistant }) => assistant).join(' ')).toBe(text!.text);
  });
});

describe('costs with a template that writes something in front of a given answer', () => {
  const { system, exchanges } = TALK!;
  const withTemplate = ({ source }: AnswerTemplate): Model => ({
    ...llama,
    tokenizer: llama.tokenizer,
    format: chatFormat({ tokenizer: llama.tokenizer!, template: source }),
  });
  const encode = (text: string): number[] => llama.tokenizer!.encode(text, { special: true });
  /** Each template's prompt at a turn, written by hand. */
  const PROMPTS: Readonly<Record<string, (turn: number, withSystem: boolean) => string>> = {
    'an empty think block, before the last answer only (Qwen3)': (turn, withSystem) =>
      [
        withSystem ? `<|im_start|>system\n${system}<|im_end|>\n` : '',
        ...exchanges
          .slice(0, turn)
          .map(
            ({ user, assistant }) =>
              `<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n${assistant}<|im_end|>\n`,
          ),
        `<|im_start|>user\n${exchanges[turn]!.user}<|im_end|>\n<|im_start|>assistant\n`,
      ].join(''),
    'a space, with the system message in the last user turn (Mistral)': (turn, withSystem) =>
      [
        ...exchanges
          .slice(0, turn)
          .map(({ user, assistant }) => `<|im_start|>${user}<|im_end|> ${assistant}<|endoftext|>`),
        `<|im_start|>${withSystem ? `${system}\n\n` : ''}${exchanges[turn]!.user}<|im_end|>`,
      ].join(''),
  };

  /** Returns the tokens of each answer, and the logits `[vocab]` that chose them, each from a whole pass. */
  async function byHand(name: string, withSystem: boolean): Promise<{ id: number; logits: Float32Array }[]> {
    const end = encode(ANSWER_TEMPLATES[name]!.end);
    const rows: { id: number; logits: Float32Array }[] = [];
    for (const [turn, { assistant }] of exchanges.entries()) {
      const prompt = encode(PROMPTS[name]!(turn, withSystem));
      const chosen = [...llama.tokenizer!.encode(assistant), ...end];
      const session = new Session(llama.executor);
      const { logits } = await session.advance([...prompt, ...chosen], { logits: 'all' });
      session.dispose();
      for (const [index, id] of chosen.entries()) {
        const row = prompt.length - 1 + index;
        rows.push({ id, logits: logits.slice(row * VOCAB, (row + 1) * VOCAB) });
      }
    }
    return rows;
  }
  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

  it.each(Object.keys(PROMPTS))('are those of guidance computed by hand: %s', async (name) => {
    const model = withTemplate(ANSWER_TEMPLATES[name]!);
    const [with_, without] = await Promise.all([byHand(name, true), byHand(name, false)]);
    const plain = with_.map(({ logits }) => logProbabilities(logits, 0));
    const guided = with_.map(({ logits }, row) =>
      logProbabilities(
        logits.map((logit, id) => 3 * logit - 2 * without[row]!.logits[id]!),
        0,
      ),
    );
    const lossOf = (log: readonly number[][]): number => -sumOf(log.map((row, at) => row[with_[at]!.id]!));
    const arm = armOf({ policy: 'off', guidance: 3 });

    const off = await negativeLogLikelihood(model, TALK!, OFF, NOW);
    expect(off.count).toBe(with_.length);
    expect(off.sum).toBeCloseTo(lossOf(plain), 2);
    const { sum, count } = await negativeLogLikelihood(model, TALK!, arm, NOW);
    expect(count).toBe(with_.length);
    expect(sum).toBeCloseTo(lossOf(guided), 2);
    expect(Math.abs(sum - off.sum)).toBeGreaterThan(1);

    const divergences = plain.map((log, row) =>
      sumOf(log.map((p, id) => Math.exp(p) * (p - guided[row]![id]!))),
    );
    expect((await divergence(model, TALK!, arm, NOW)).sum).toBeCloseTo(sumOf(divergences), 2);
  });

  it.each(Object.entries(ANSWER_TEMPLATES))(
    'scores a letter where a chat would say it: %s',
    async (_, template) => {
      const seen: number[][] = [];
      const model = spyOnModel(withTemplate(template), ({ tokens }, { logits }) => {
        seen.push(Array.from(tokens));
        const letter = llama.tokenizer!.encode('C')[0]!;
        logits.fill(0);
        for (let row = 0; row < logits.length / VOCAB; row++) logits[row * VOCAB + letter] = 1;
      });
      const question = {
        question: 'Which one holds?',
        choices: ['A knot', 'Air', 'Fog', 'Ice'] as [string, string, string, string],
        answer: 2,
      } as const;
      expect(await rightAnswer(model, { before: TALK!, question }, OFF, NOW)).toEqual({ sum: 1, count: 1 });
      // The letter is the last token of the dialogue; its row is the one before.
      expect(seen.at(-1)!.at(-1)).toBe(llama.tokenizer!.encode('A')[0]);
    },
  );
});

describe('a multiple-choice question', () => {
  const question = {
    question: 'Which one holds?',
    choices: ['A knot', 'Air', 'Fog', 'Ice'],
    answer: 2,
  } as const;
  const asked = {
    before: { ...TALK!, exchanges: [...TALK!.exchanges, { user: 'Hold?', assistant: 'Fast.' }] },
    question: { ...question, choices: [...question.choices] as [string, string, string, string] },
  };

  /** Returns the model with the given logits for the four letters. */
  const favouring = (scores: readonly number[]): Model => {
    const { tokenizer } = llama.format!;
    const letters = ['A', 'B', 'C', 'D'].map((letter) => tokenizer.encode(letter)[0]!);
    return spyOnModel(llama, (_, { logits }) => {
      for (let row = 0; row < logits.length / VOCAB; row++) {
        for (const [option, id] of letters.entries()) logits[row * VOCAB + id] = scores[option]!;
      }
    });
  };

  it('is right if its letter is the most probable of the four, whatever other tokens are; a tie is wrong', async () => {
    expect(await rightAnswer(favouring([0, 1, 2, 1]), asked, OFF, NOW)).toEqual({ sum: 1, count: 1 });
    expect(await rightAnswer(favouring([0, 3, 2, 1]), asked, OFF, NOW)).toEqual({ sum: 0, count: 1 });
    expect(await rightAnswer(favouring([2, 0, 2, 1]), asked, OFF, NOW)).toEqual({ sum: 0, count: 1 });
    expect(await rightAnswer(favouring([-9, -9, -8, -9]), asked, OFF, NOW)).toEqual({ sum: 1, count: 1 });
  });

  it('lists its options, and its answer is read where a chat would begin it', async () => {
    const read: number[] = [];
    const watched = spyOnModel(llama, ({ tokens }) => read.push(...tokens));
    await rightAnswer(watched, asked, OFF, NOW);
    const user = 'Which one holds?\nA. A knot\nB. Air\nC. Fog\nD. Ice\nAnswer with the letter alone.';
    const seen: number[] = [];
    const { system, exchanges } = asked.before;
    const history = exchanges.flatMap(({ user, assistant }): Message[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]);
    const chat = openChat(
      spyOnModel(llama, ({ tokens }) => seen.push(...tokens)),
      { system, history, maxTokens: 1 },
    );
    await ask(chat, user);
    chat.dispose();
    expect(read.slice(0, seen.length)).toEqual(seen);
  });

  it('is affected by arms that begin to act in the second or fourth turn', async () => {
    /** Returns the logits after the forced letter. */
    const answering = async (arm: Arm): Promise<Float32Array> => {
      let last = new Float32Array();
      const watched = spyOnModel(llama, (_, { logits }) => {
        last = logits.slice(-VOCAB);
      });
      await rightAnswer(watched, asked, arm, NOW);
      return last;
    };
    const untouched = await answering(OFF);
    for (const arm of [
      armOf({ policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.1 } }),
      armOf({ policy: 'sustain' }),
      armOf({ policy: 'boost', strength: 4, target: { kind: 'random', seed: 0 } }),
      armOf({ policy: 'off' }, 4),
    ]) {
      const moved = (await answering(arm)).map((logit, id) => Math.abs(logit - untouched[id]!));
      expect(Math.max(...moved), JSON.stringify(arm)).toBeGreaterThan(1e-3);
    }
  });
});
