import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_TEMPLATES } from '../../test/support/answer-templates.js';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { spyOnModel } from '../../test/support/organism-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import { openChat } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import type { Scenario } from '../scenario/index.js';
import { chatFormat, type Message } from '../text/index.js';
import { type LeadEvent, type LeadOptions, type MeasuredTurn, measureDialogue } from './lead.js';
import { readAloud } from './read.js';
import { readRecorded } from './recorded.js';
import { PROMPT, RANDOM, SHARE_COLUMNS, type ShareColumn, type ShareRow } from './share-columns.js';

const PAIRS = 12;
const USERS = ['Where does the rope end?', 'Hold it.', 'And now?'];
const OPTIONS: LeadOptions = { now: NOW, maxTokens: 10, sampling: { temperature: 8, topP: 1, seed: 5 } };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const messages = (answers: readonly string[] = []): Message[] => [
  { role: 'system', content: SYSTEM },
  ...USERS.flatMap((content, index): Message[] => [
    { role: 'user', content },
    ...(answers[index] === undefined ? [] : [{ role: 'assistant' as const, content: answers[index] }]),
  ]),
];
/** A user who says the same whatever the answer, and asks no probes. */
const SCENARIO: Scenario = {
  ...{ id: 'fixed', group: 'fixed', system: SYSTEM, given: [], rounds: USERS.length, content: USERS },
  openUser() {
    let said = 0;
    return { say: async () => USERS[said++]!, dispose() {} };
  },
  probesAfter: () => [],
  obedience: () => null,
  ability: () => null,
  reference: null,
  unrelated: null,
};

async function collect(
  events: AsyncGenerator<LeadEvent, void>,
): Promise<{ rows: ShareRow[]; turns: MeasuredTurn[] }> {
  const rows: ShareRow[] = [];
  const turns: MeasuredTurn[] = [];
  for await (const event of events) {
    if (event.kind === 'row') rows.push(event.row);
    else turns.push(event.turn);
  }
  return { rows, turns };
}

const lead = (options: LeadOptions = OPTIONS, signal?: AbortSignal, dialogue = 0) => {
  return measureDialogue(model, SCENARIO, options, dialogue, signal);
};

const column = ({ shares }: ShareRow, index: number): Float32Array =>
  shares.subarray(index * PAIRS, (index + 1) * PAIRS);

const SPEAKERS: readonly ShareColumn[] = ['sink', 'system', 'template', 'user', 'assistant', 'answer'];

/** The sum of a row's shares over all speakers. */
const wholeRow = (row: ShareRow, pair: number): number =>
  SPEAKERS.reduce((sum, name) => sum + column(row, SHARE_COLUMNS.indexOf(name))[pair]!, 0);

describe('a generated dialogue', () => {
  it('is the same chat as without measuring, with a row for every token', async () => {
    const { rows, turns } = await collect(lead());
    const chat = openChat(model, { system: SYSTEM, ...OPTIONS });
    for (const [index, user] of USERS.entries()) {
      const answer = chat.answer(user);
      while (!(await answer.next()).done);
      const turn = chat.turns[index]!;
      expect(turns[index]!.assistant).toBe(turn.assistant);
      const ofTurn = rows.filter((row) => row.turn === index + 1);
      expect(ofTurn.map(({ id }) => id)).toEqual(turn.ids);
      expect(ofTurn[0]!.position).toBe(turn.timing.promptTokens);
      // The chat's target is the prompt.
      for (let pair = 0; pair < PAIRS; pair++) {
        const mean = ofTurn.reduce((sum, row) => sum + column(row, PROMPT)[pair]!, 0) / ofTurn.length;
        expect(mean).toBeCloseTo(turn.shares!.heads.before[pair]!, 5);
      }
    }
    chat.dispose();
  });

  it('splits each row between the speakers, and has the random span once the dialogue reaches its end', async () => {
    const { rows } = await collect(lead({ ...OPTIONS, target: { kind: 'random', seed: 0 } }));
    for (const row of rows) {
      for (let pair = 0; pair < PAIRS; pair++) {
        expect(wholeRow(row, pair)).toBeCloseTo(1, 5);
      }
    }
    expect(column(rows[0]!, RANDOM)[0]).toBeNaN();
    expect(column(rows.at(-1)!, RANDOM)[0]).toBeGreaterThan(0);
  });

  it('shows what a policy did to the prompt', async () => {
    const { rows, turns } = await collect(lead({ ...OPTIONS, policy: 'split-softmax', strength: 0.5 }));
    for (const row of rows) {
      const [before, after] = [column(row, PROMPT), column(row, SHARE_COLUMNS.indexOf('prompt_after'))];
      for (let pair = 0; pair < PAIRS; pair++) expect(after[pair]).toBeCloseTo(Math.sqrt(before[pair]!), 4);
    }
    expect(turns[0]!.strength).toEqual({ first: 0.5, last: 0.5 });
  });

  it('draws different answers in each dialogue, and the same answers again for the same dialogue', async () => {
    const ids = async (dialogue: number): Promise<number[]> =>
      (await collect(lead(OPTIONS, undefined, dialogue))).rows.map(({ id }) => id);
    const first = await ids(0);
    expect(await ids(0)).toEqual(first);
    expect(await ids(1)).not.toEqual(first);
  });

  it('ends if the signal fires, with a turn for the interrupted answer', async () => {
    const control = new AbortController();
    const rows: ShareRow[] = [];
    const turns: MeasuredTurn[] = [];
    for await (const event of lead(OPTIONS, control.signal)) {
      if (event.kind === 'turn') turns.push(event.turn);
      else if (rows.push(event.row) === 13) control.abort();
    }
    expect(rows).toHaveLength(13);
    expect(turns.map(({ finish }) => finish)).toEqual(['length', 'abort']);
    expect(turns[1]!.answerTokens).toBe(3);
  });
});

describe('a recorded dialogue', () => {
  it.each(Object.entries(ANSWER_TEMPLATES))(
    'has the rows of the chat that generated it, with a template that writes %s before an answer',
    async (_, { source, end }) => {
      const { tokenizer } = model;
      const said = [...tokenizer!.encode('hold fast and hold'), ...tokenizer!.encode(end, { special: true })];
      const format = chatFormat({ tokenizer: tokenizer!, template: source });
      let step = 0;
      const speaking = spyOnModel({ ...model, tokenizer, format }, ({ logits: wanted }, { logits }) => {
        if (wanted === 'none') return;
        logits.fill(-1e9);
        logits[said[step++ % said.length]!] = 0;
      });
      const led = await collect(measureDialogue(speaking, SCENARIO, { maxTokens: 20, now: NOW }, 0));
      expect(led.turns.map(({ finish }) => finish)).toEqual(USERS.map(() => 'stop'));
      const recorded = readRecorded(messages(led.turns.map(({ assistant }) => assistant)), 'test');
      const read = await collect(
        readAloud({ ...model, tokenizer, format }, format, recorded, { rounds: 3, now: NOW }),
      );
      expect(read.turns.map(({ contextTokens, answerTokens }) => [contextTokens, answerTokens])).toEqual(
        led.turns.map(({ contextTokens, answerTokens }) => [contextTokens, answerTokens]),
      );
      const placeOf = ({ turn, position, id }: ShareRow) => ({ turn, position, id });
      expect(read.rows.map(placeOf)).toEqual(led.rows.map(placeOf));
      for (const [index, { position, shares }] of led.rows.entries()) {
        for (const [at, share] of shares.entries()) {
          const where = `token ${position}, ${SHARE_COLUMNS[Math.floor(at / PAIRS)]}`;
          const found = read.rows[index]!.shares[at]!;
          // NaN where the random span does not exist yet.
          if (Number.isNaN(share)) expect(found, where).toBeNaN();
          else expect(found, where).toBeCloseTo(share, 5);
        }
      }
    },
  );

  it('has the rows of the generated dialogue if its text has the same tokens', async () => {
    const { tokenizer } = model;
    const words = ['hold fast', 'hold', 'fast and hold'];
    const read = await collect(
      readAloud(model, model.format!, readRecorded(messages(words), 'test'), { rounds: 3, now: NOW }),
    );
    expect(read.turns.map(({ assistant }) => assistant)).toEqual(words);
    for (const [index, answer] of words.entries()) {
      const ids = read.rows.filter(({ turn }) => turn === index + 1).map(({ id }) => id);
      // The last token ends the turn.
      expect(tokenizer!.decode(ids.slice(0, -1))).toBe(answer);
    }
    // A chat with these answers as history has the same shares at the last question.
    const history = messages(words).slice(1, 5);
    const chat = openChat(model, { system: SYSTEM, history, maxTokens: 1 });
    const answer = chat.answer(USERS[2]!);
    while (!(await answer.next()).done);
    const first = read.rows.find(({ turn }) => turn === 3)!;
    expect(first.position).toBe(chat.turns[0]!.timing.promptTokens);
    for (const [pair, share] of chat.turns[0]!.shares!.heads.before.entries()) {
      expect(column(first, PROMPT)[pair]).toBeCloseTo(share, 5);
    }
    chat.dispose();
  });

  it('has the same rows whatever the block size', async () => {
    const long = Array.from({ length: 90 }, () => 'hold').join(' ');
    const recorded = readRecorded(messages([long, 'hold']), 'test');
    const { rows } = await collect(readAloud(model, model.format!, recorded, { rounds: 2, now: NOW }));
    const inFirst = rows.filter(({ turn }) => turn === 1);
    expect(inFirst.length).toBeGreaterThan(64);
    for (const row of rows) expect(wholeRow(row, 3), `row of token ${row.position}`).toBeCloseTo(1, 5);
    const answer = SHARE_COLUMNS.indexOf('answer');
    expect(column(inFirst[0]!, answer)[0]).toBe(0);
    expect(column(inFirst[1]!, answer)[0]).toBeGreaterThan(0);
  });
});
