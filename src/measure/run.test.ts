import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { readTable, rowOf } from '../../test/support/decay-fixtures.js';
import { tinyModel } from '../../test/support/families.js';
import { SCENARIO } from '../../test/support/scenario-fixtures.js';
import { NOW } from '../../test/support/text-fixtures.js';
import type { Model } from '../engine/index.js';
import { loadModel } from '../load.js';
import { type LeadEvent, measureDialogue } from './lead.js';
import { type DecayProgress, type DecayRun, type MeasuredDialogue, measureDecay } from './run.js';

const PAIRS = 12;
const ROUNDS = 2;
const SHORT = { ...SCENARIO, rounds: 2 };

let model: Model;
let folder: string;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-decay-'));
  return () => rmSync(folder, { recursive: true });
});

/** Two turns of three tokens; `before` runs before each token. */
async function* events(
  dialogue: number,
  before: (token: number) => void = () => {},
): AsyncGenerator<LeadEvent, void> {
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (let index = 0; index < 3; index++) {
      const position = 10 * turn + index;
      before(position);
      yield { kind: 'row', row: rowOf({ dialogue, turn, position }, PAIRS, { prompt: 1 / position }) };
    }
    yield {
      kind: 'turn',
      turn: {
        ...{ turn, user: 'hold', assistant: 'fast', finish: 'stop', contextTokens: 10 * turn },
        ...{ answerTokens: 3, seed: 1, strength: null, notice: null, dropped: [] },
      },
    };
  }
}

const opened = (of: AsyncGenerator<LeadEvent, void>): MeasuredDialogue => ({
  ...{ scenario: 'fake', group: 'fake', system: SYSTEM, given: [], rounds: ROUNDS, events: of },
});

const runOf = (changes: Partial<DecayRun> = {}): DecayRun => ({
  model,
  dialogues: 3,
  open: (index) => opened(events(index)),
  facts: { seed: 7 },
  paths: { shares: join(folder, 'shares.parquet'), dialogues: join(folder, 'dialogues.jsonl') },
  ...changes,
});

const linesIn = (name: string): Record<string, unknown>[] =>
  readFileSync(join(folder, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a measurement', () => {
  it('writes a line for every row, layer and head, and one for every dialogue', async () => {
    const seen: DecayProgress[] = [];
    const { summary, complete, failure } = await measureDecay(runOf({ onProgress: (at) => seen.push(at) }));
    expect([complete, failure, summary.rows, summary.dialogues]).toEqual([true, null, 18, 3]);
    expect(readdirSync(folder).sort()).toEqual(['dialogues.jsonl', 'shares.parquet']);
    expect(await readTable(join(folder, 'shares.parquet'))).toHaveLength(18 * PAIRS);
    const lines = linesIn('dialogues.jsonl');
    expect(lines.map(({ dialogue, complete, seed }) => [dialogue, complete, seed])).toEqual([
      [0, true, 7],
      [1, true, 7],
      [2, true, 7],
    ]);
    expect(lines[1]).toMatchObject({ system: SYSTEM, turns: [{ turn: 1, user: 'hold' }, { turn: 2 }] });
    expect(seen.at(-1)).toEqual({ done: 2, running: 1, dialogues: 3, turns: 6, rows: 18 });
  });

  it('keeps its results in readable files if it is aborted', async () => {
    const control = new AbortController();
    const stopAt = (token: number): void => {
      if (token === 20) control.abort();
    };
    const { complete, summary } = await measureDecay(
      runOf({
        signal: control.signal,
        open: (index) => opened(events(index, index === 1 ? stopAt : undefined)),
      }),
    );
    // The fake dialogue ignores the signal and runs to its end; no other is opened after it.
    expect([complete, summary.dialogues]).toEqual([false, 2]);
    expect(await readTable(join(folder, 'shares.parquet'))).toHaveLength(12 * PAIRS);
    expect(linesIn('dialogues.jsonl').map((line) => line.complete)).toEqual([true, false]);
  });

  it('keeps its results if a dialogue fails, measures the others, and says why', async () => {
    const failing = (token: number): void => {
      if (token === 21) throw new Error('the context is full');
    };
    const { complete, failure, summary } = await measureDecay(
      runOf({ open: (index) => opened(events(index, index === 1 ? failing : undefined)) }),
    );
    // The first four rows of the second dialogue, and all of the others.
    expect([complete, String(failure), summary.rows]).toEqual([false, 'Error: the context is full', 16]);
    expect(await readTable(join(folder, 'shares.parquet'))).toHaveLength(16 * PAIRS);
    expect(linesIn('dialogues.jsonl').map((line) => line.complete)).toEqual([true, false, true]);
  });

  it('leaves no files if nothing was measured', async () => {
    const failing = (): void => {
      throw new Error('no such luck');
    };
    await expect(measureDecay(runOf({ open: () => opened(events(0, failing)) }))).rejects.toThrow(
      'no such luck',
    );
    const aborted = AbortSignal.abort();
    await expect(measureDecay(runOf({ signal: aborted }))).rejects.toThrow(/E_ABORTED/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the file that it cannot write', async () => {
    const paths = {
      shares: join(folder, 'nowhere', 'x.parquet'),
      dialogues: join(folder, 'dialogues.jsonl'),
    };
    await expect(measureDecay(runOf({ paths }))).rejects.toThrow(/E_UNWRITABLE: .*x\.parquet/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a measurement of several dialogues at once', () => {
  /** Bytes of both files. */
  const bytes = (): string[] =>
    ['shares.parquet', 'dialogues.jsonl'].map((name) => readFileSync(join(folder, name)).toString('base64'));

  /** Yields after a pause that differs from dialogue to dialogue, so that they overtake each other. */
  async function* slowly(
    dialogue: number,
    before?: (token: number) => void,
  ): AsyncGenerator<LeadEvent, void> {
    for await (const event of events(dialogue, before)) {
      await pause(((dialogue * 7) % 5) * 2);
      yield event;
    }
  }

  const many = (changes: Partial<DecayRun> = {}): DecayRun =>
    runOf({ dialogues: 9, open: (index) => opened(slowly(index)), ...changes });

  it('has the same files and summary as one after the other', async () => {
    const alone = await measureDecay(many());
    const expected = bytes();
    for (const batch of [3, 8, 20]) {
      expect(await measureDecay(many({ batch })), `batch ${batch}`).toEqual(alone);
      expect(bytes(), `batch ${batch}`).toEqual(expected);
    }
  });

  it('has them too if some dialogues fail: the others are measured, and the first error is told', async () => {
    const failing =
      (index: number) =>
      (token: number): void => {
        if (index % 4 === 1 && token === 20 + (index % 2)) throw new Error(`dialogue ${index} failed`);
      };
    const run = (batch: number): DecayRun =>
      many({ batch, open: (index) => opened(slowly(index, failing(index))) });
    const alone = await measureDecay(run(1));
    const expected = bytes();
    expect(String(alone.failure)).toBe('Error: dialogue 1 failed');
    expect(linesIn('dialogues.jsonl').map(({ complete }) => complete)).toEqual(
      Array.from({ length: 9 }, (_, index) => index % 4 !== 1),
    );
    expect(await measureDecay(run(4))).toEqual(alone);
    expect(bytes()).toEqual(expected);
  });

  it('runs as many as the batch says, and starts the next when one has ended', async () => {
    let [running, most] = [0, 0];
    const counted = async function* (index: number): AsyncGenerator<LeadEvent, void> {
      most = Math.max(most, ++running);
      yield* slowly(index);
      running--;
    };
    await measureDecay(many({ batch: 3, open: (index) => opened(counted(index)) }));
    expect(most).toBe(3);
  });

  it('does not run far ahead of a slow dialogue, whose rows must be written first', async () => {
    let release!: () => void;
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const started: number[] = [];
    const waiting = async function* (index: number): AsyncGenerator<LeadEvent, void> {
      started.push(index);
      if (index === 0) await slow;
      yield* events(index);
    };
    const ended = measureDecay(many({ batch: 2, open: (index) => opened(waiting(index)) }));
    await pause(50);
    expect(started).toEqual([0, 1, 2, 3]);
    release();
    expect((await ended).complete).toBe(true);
    expect(started).toHaveLength(9);
  });

  it('keeps what all of them have measured when it is aborted', async () => {
    const control = new AbortController();
    const stopping = async function* (index: number): AsyncGenerator<LeadEvent, void> {
      for await (const event of slowly(index)) {
        if (control.signal.aborted) return;
        yield event;
        if (index === 4 && event.kind === 'turn') control.abort();
      }
    };
    const { complete, summary, failure } = await measureDecay(
      many({ batch: 4, signal: control.signal, open: (index) => opened(stopping(index)) }),
    );
    expect([complete, failure]).toEqual([false, null]);
    const lines = linesIn('dialogues.jsonl');
    expect(lines.map(({ dialogue }) => dialogue)).toEqual(lines.map((_, index) => index));
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines.some((line) => line.complete === true)).toBe(true);
    expect(lines.some((line) => line.complete === false)).toBe(true);
    const rows = await readTable(join(folder, 'shares.parquet'));
    expect(rows).toHaveLength(summary.rows * PAIRS);
  });

  it('ends all of them if a file cannot be written', async () => {
    const broken = (index: number) =>
      async function* (): AsyncGenerator<LeadEvent, void> {
        yield* slowly(index);
        // A row that does not fit the table, as if the disk were full.
        if (index === 1) yield { kind: 'row', row: null! };
      };
    await expect(measureDecay(many({ batch: 3, open: (index) => opened(broken(index)()) }))).rejects.toThrow(
      TypeError,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['reference', 'onnx', 'cpu'] as const)(
    'has the same bytes with a real model on %s',
    async (executor) => {
      const real = await loadModel(tinyModel('llama'), {
        executor,
        ...(executor === 'reference' ? {} : { batchInvariant: true, threads: 1 }),
      });
      const options = { maxTokens: 6, now: NOW, sampling: { temperature: 8, topP: 1 } };
      const run = (batch: number): DecayRun => ({
        ...many({ batch, dialogues: 5 }),
        model: real,
        open: (index) => {
          const { id, group, system, given, rounds } = SHORT;
          const events = measureDialogue(real, SHORT, options, index);
          return { scenario: id, group, system, given, rounds, events };
        },
      });
      const alone = await measureDecay(run(1));
      const expected = bytes();
      for (const batch of [3, 8]) {
        expect(await measureDecay(run(batch))).toEqual(alone);
        expect(bytes()).toEqual(expected);
      }
      await real.dispose();
    },
  );
});
