import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { readTable, rowOf } from '../../test/support/decay-fixtures.js';
import type { Model } from '../engine/index.js';
import type { LeadEvent } from './lead.js';
import { type DecayProgress, type DecayRun, type MeasuredDialogue, measureDecay } from './run.js';

const PAIRS = 12;
const ROUNDS = 2;

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
    expect(seen.at(-1)).toEqual({ dialogue: 3, dialogues: 3, turn: 2, rounds: 2, rows: 18 });
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

  it('keeps its results if a dialogue fails, and says why', async () => {
    const failing = (token: number): void => {
      if (token === 21) throw new Error('the context is full');
    };
    const { complete, failure, summary } = await measureDecay(
      runOf({ open: (index) => opened(events(index, index === 1 ? failing : undefined)) }),
    );
    expect([complete, String(failure), summary.rows]).toEqual([false, 'Error: the context is full', 10]);
    expect(await readTable(join(folder, 'shares.parquet'))).toHaveLength(10 * PAIRS);
    expect(linesIn('dialogues.jsonl').map((line) => line.complete)).toEqual([true, false]);
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
