import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';
import { type GrowingFile, openGrowingFile } from './appended-file.js';
import type { LeadEvent, MeasuredTurn } from './lead.js';
import { pairsThatSeeAll } from './regions.js';
import { openShareTable } from './share-table.js';
import { type DecaySummary, summarize } from './summary.js';
import { createTally } from './tally.js';

/** A dialogue that is to be measured. */
export interface MeasuredDialogue {
  /** What names it within its source. */
  readonly scenario: string;
  readonly group: string;
  readonly system: string;
  /** Exchanges at the front that were given; their answers are not measured. */
  readonly given: readonly Message[];
  /** Turns that are to come. */
  readonly rounds: number;
  /** What happens in it, as it happens. */
  readonly events: AsyncGenerator<LeadEvent, void>;
}

/** How far a measurement has come. */
export interface DecayProgress {
  readonly dialogue: number;
  readonly dialogues: number;
  readonly turn: number;
  readonly rounds: number;
  /** Rows measured so far. */
  readonly rows: number;
}

export interface DecayRun {
  readonly model: Model;
  readonly dialogues: number;
  /** Opens dialogue `index`; the one before it has ended. */
  open(index: number): MeasuredDialogue;
  /** What every line of `dialogues` says besides the dialogue, as plain JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Paths that are written to. */
  readonly paths: { readonly shares: string; readonly dialogues: string };
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: DecayProgress): void;
}

export interface DecayResult {
  readonly summary: DecaySummary;
  /** Whether every dialogue came to its end. */
  readonly complete: boolean;
  /** What ended it before its end, besides the signal. */
  readonly failure: unknown;
}

/**
 * Measures dialogue after dialogue. Shares go to the disk as they come, and what is held of them does not grow; a
 * dialogue's line follows when it has ended. Where the signal fires, or a dialogue fails, what was measured until then
 * is kept, in files as whole as any.
 * @throws HoldfastError `E_UNWRITABLE`; when nothing was measured, what a dialogue threw, or `E_ABORTED`
 */
export async function measureDecay(run: DecayRun): Promise<DecayResult> {
  const { model, paths } = run;
  const { blueprint } = model.executor;
  const grid = headGrid(blueprint);
  const tally = createTally(grid, pairsThatSeeAll(blueprint));
  const files: GrowingFile[] = [];
  const open = (path: string): GrowingFile => {
    const file = openGrowingFile(path);
    files.push(file);
    return file;
  };
  try {
    const table = openShareTable(open(paths.shares), grid);
    const lines = open(paths.dialogues);
    let failure: unknown = null;
    let complete = false;
    try {
      complete = await measureAll(run, lines, (row) => {
        table.add(row);
        tally.add(row);
      });
    } catch (error) {
      if (tally.rows === 0) throw error;
      failure = error;
    }
    if (tally.rows === 0) throw new HoldfastError('E_ABORTED', 'nothing was measured yet');
    table.finish();
    for (const file of files) file.finish();
    return { summary: summarize(tally), complete, failure };
  } catch (error) {
    for (const file of files) file.discard();
    throw error;
  }
}

/** @returns whether every dialogue came to its end */
async function measureAll(
  run: DecayRun,
  lines: GrowingFile,
  add: (row: Extract<LeadEvent, { kind: 'row' }>['row']) => void,
): Promise<boolean> {
  let rows = 0;
  for (let index = 0; index < run.dialogues; index++) {
    if (run.signal?.aborted) return false;
    const { events, rounds, ...told } = run.open(index);
    const turns: MeasuredTurn[] = [];
    const progress = (): void =>
      run.onProgress?.({
        dialogue: index + 1,
        dialogues: run.dialogues,
        turn: turns.length + 1,
        rounds,
        rows,
      });
    try {
      for await (const event of events) {
        if (event.kind === 'turn') turns.push(event.turn);
        else {
          add(event.row);
          rows++;
          progress();
        }
      }
    } finally {
      const complete = turns.length === rounds && run.signal?.aborted !== true;
      const line = { dialogue: index, complete, ...told, turns, ...run.facts };
      lines.append(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
    }
  }
  return run.signal?.aborted !== true;
}
