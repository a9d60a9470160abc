import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { type GrowingFile, openGrowingFile } from '../files/index.js';
import type { Message } from '../text/index.js';
import type { LeadEvent, MeasuredTurn } from './lead.js';
import { openShareTable } from './share-table.js';
import { type DecaySummary, summarize } from './summary.js';
import { createTally } from './tally.js';

/** A dialogue to be measured. */
export interface MeasuredDialogue {
  /** Its name within its source. */
  readonly scenario: string;
  readonly group: string;
  readonly system: string;
  /** Given exchanges at the start; their answers are not measured. */
  readonly given: readonly Message[];
  /** Number of turns to measure. */
  readonly rounds: number;
  /** Its results, as they arrive. */
  readonly events: AsyncGenerator<LeadEvent, void>;
}

/** Progress of a measurement. */
export interface DecayProgress {
  readonly dialogue: number;
  readonly dialogues: number;
  readonly turn: number;
  readonly rounds: number;
  /** Rows measured so far. */
  readonly rows: number;
}

/** What {@link measureDecay} measures and where it writes. */
export interface DecayRun {
  readonly model: Model;
  readonly dialogues: number;
  /** Opens dialogue `index`, after the previous one has ended. */
  open(index: number): MeasuredDialogue;
  /** Fields added to every line of `dialogues`, as plain JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Output files. */
  readonly paths: { readonly shares: string; readonly dialogues: string };
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: DecayProgress): void;
}

/** The result of a measurement. */
export interface DecayResult {
  readonly summary: DecaySummary;
  /** Whether every dialogue ran to its end. */
  readonly complete: boolean;
  /** The error that ended it early; null if there was none. */
  readonly failure: unknown;
  /** For each measured turn: why the policy did not do what it was asked to, or null; see `Turn.notice`. */
  readonly notices: readonly (string | null)[];
}

/**
 * Measures one dialogue after another. Writes shares to disk as they arrive, so memory does not grow with them, and a
 * line for each dialogue that has ended. If the signal fires or a dialogue fails, it keeps the results so far, in
 * complete files.
 * @throws HoldfastError `E_UNWRITABLE`; if nothing was measured, the dialogue's error or `E_ABORTED`
 */
export async function measureDecay(run: DecayRun): Promise<DecayResult> {
  const { model, paths } = run;
  const { blueprint } = model.executor;
  const grid = headGrid(blueprint);
  const tally = createTally(grid);
  const files: GrowingFile[] = [];
  const open = (path: string): GrowingFile => {
    const file = openGrowingFile(path);
    files.push(file);
    return file;
  };
  try {
    const table = openShareTable(open(paths.shares), grid);
    const lines = open(paths.dialogues);
    const notices: (string | null)[] = [];
    let failure: unknown = null;
    let complete = false;
    try {
      complete = await measureAll(run, lines, (event) => {
        if (event.kind === 'turn') {
          notices.push(event.turn.notice);
          return;
        }
        table.add(event.row);
        tally.add(event.row);
      });
    } catch (error) {
      if (tally.rows === 0) throw error;
      failure = error;
    }
    if (tally.rows === 0) throw new HoldfastError('E_ABORTED', 'interrupted before anything was measured');
    table.finish();
    for (const file of files) file.finish();
    return { summary: summarize(tally), complete, failure, notices };
  } catch (error) {
    for (const file of files) file.discard();
    throw error;
  }
}

/** Measures all dialogues. Returns whether every dialogue ran to its end. */
async function measureAll(
  run: DecayRun,
  lines: GrowingFile,
  add: (event: LeadEvent) => void,
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
        add(event);
        if (event.kind === 'turn') turns.push(event.turn);
        else {
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
