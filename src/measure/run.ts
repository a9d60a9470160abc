import type { Blueprint } from '../architectures/index.js';
import { cacheBytes } from '../concurrency.js';
import { headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { type GrowingFile, openGrowingFile } from '../files/index.js';
import {
  type AnsweredReferences,
  type AnsweringOptions,
  answeredReferences,
  type InfluenceOptions,
  measureInfluence,
  type Reference,
} from '../influence/index.js';
import type { Message } from '../text/index.js';
import { writeInOrder } from './in-order.js';
import { type DialogueInfluence, type InfluenceSummary, summarizeInfluence } from './influence.js';
import type { LeadEvent, MeasuredTurn } from './lead.js';
import { SHARE_COLUMNS } from './share-columns.js';
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
  /** Dialogues that have ended. */
  readonly done: number;
  /** Dialogues that run now. */
  readonly running: number;
  readonly dialogues: number;
  /** Turns measured so far. */
  readonly turns: number;
  /** Rows measured so far. */
  readonly rows: number;
}

/** How the prompt's influence on every dialogue is measured. */
export interface InfluencePlan {
  /** Returns what stands in for the prompt of dialogue `index`. */
  references(index: number): readonly Reference[];
  readonly options: InfluenceOptions;
  /** How answers are given under the references, for the total effect beside them; default: the direct effect alone. */
  readonly total?: Pick<AnsweringOptions, 'sampling' | 'maxTokens' | 'stop'> | undefined;
}

/** What {@link measureDecay} measures and where it writes. */
export interface DecayRun {
  readonly model: Model;
  readonly dialogues: number;
  /** Number of dialogues that run at once; default: 1. Files and summary do not depend on it. */
  readonly batch?: number;
  /** Opens dialogue `index`. Dialogues are opened in order. */
  open(index: number): MeasuredDialogue;
  /** Measures the prompt's influence on every dialogue that runs to its end; default: not measured. */
  readonly influence?: InfluencePlan | undefined;
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
  /** The prompt's influence; null if it was not measured, or no dialogue ran to its end. */
  readonly influence: InfluenceSummary | null;
  /** Whether every dialogue ran to its end. */
  readonly complete: boolean;
  /** The error of the first dialogue that failed; null if none did. */
  readonly failure: unknown;
  /** For each measured turn: why the policy did not do what it was asked to, or null; see `Turn.notice`. */
  readonly notices: readonly (string | null)[];
}

/** Dialogues that may be ahead of the file, per dialogue that runs: their rows are kept in memory. */
const MOST_AHEAD = 2;

/**
 * Returns the memory that one dialogue of a batch may take: its keys and values, and the rows that wait until all
 * earlier dialogues are written.
 */
export function measuredBytes(blueprint: Blueprint, contextLength: number): number {
  const { layers, heads } = headGrid(blueprint);
  const rowBytes = SHARE_COLUMNS.length * layers * heads * Float32Array.BYTES_PER_ELEMENT;
  return cacheBytes(blueprint, contextLength) + MOST_AHEAD * contextLength * rowBytes;
}

/**
 * Measures dialogues, several at once if `batch` says so. Writes shares to disk as they arrive, dialogue after dialogue,
 * so memory does not grow with their number, and a line for each dialogue that has ended. If the signal fires, it keeps
 * the results so far, in complete files. If a dialogue fails, it keeps the results of that dialogue so far, and measures
 * the others.
 * @throws HoldfastError `E_UNWRITABLE`; if nothing was measured, the first dialogue's error or `E_ABORTED`
 */
export async function measureDecay(run: DecayRun): Promise<DecayResult> {
  const { model, paths } = run;
  const grid = headGrid(model.executor.blueprint);
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
    const systems: string[] = [];
    const influences: DialogueInfluence[] = [];
    const opening = {
      ...run,
      open(index: number) {
        const dialogue = run.open(index);
        systems[index] = dialogue.system;
        return dialogue;
      },
    };
    const { complete, failure } = await measureAll(opening, (item) => {
      if (item.kind === 'line') {
        lines.append(new TextEncoder().encode(`${JSON.stringify(item.line)}\n`));
        if (item.influence !== null) influences.push(item.influence);
      } else if (item.kind === 'turn') notices.push(item.turn.notice);
      else {
        table.add(item.row);
        tally.add(item.row);
      }
    });
    if (tally.rows === 0) {
      throw failure ?? new HoldfastError('E_ABORTED', 'interrupted before anything was measured');
    }
    table.finish();
    for (const file of files) file.finish();
    const summary = summarize(tally, systems);
    return { summary, influence: summarizeInfluence(influences), complete, failure, notices };
  } catch (error) {
    for (const file of files) file.discard();
    throw error;
  }
}

/** Something to write: an event of a dialogue, or its line after the last event. */
type Item =
  | LeadEvent
  | { readonly kind: 'line'; readonly line: object; readonly influence: DialogueInfluence | null };

/**
 * Measures all dialogues and writes their items in order.
 * @returns whether every dialogue ran to its end, and the error of the first one that failed
 */
async function measureAll(
  run: DecayRun,
  write: (item: Item) => void,
): Promise<Pick<DecayResult, 'complete' | 'failure'>> {
  const { dialogues, batch = 1, signal } = run;
  const order = writeInOrder(write);
  const failures = new Map<number, unknown>();
  const places = createPlaces();
  let [opened, running, done, turnCount, rows] = [0, 0, 0, 0, 0];
  let complete = true;
  /** Whether writing has failed; then every dialogue ends. */
  let broken = false;
  const writing = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      broken = true;
      throw error;
    }
  };

  async function measure(index: number): Promise<void> {
    const turns: MeasuredTurn[] = [];
    let dialogue: MeasuredDialogue | null = null;
    running++;
    try {
      dialogue = run.open(index);
      const { events } = dialogue;
      for await (const event of events) {
        if (broken) return;
        writing(() => order.add(index, event));
        if (event.kind === 'turn') {
          turns.push(event.turn);
          turnCount++;
        } else rows++;
        run.onProgress?.({ done, running, dialogues, turns: turnCount, rows });
      }
    } catch (error) {
      if (broken) throw error;
      failures.set(index, error);
    }
    let influence: DialogueInfluence | null = null;
    try {
      if (dialogue !== null && turns.length === dialogue.rounds && signal?.aborted !== true) {
        influence = await influenceOn(run, index, dialogue, turns);
      }
    } catch (error) {
      failures.set(index, error);
    }
    running--;
    done++;
    const whole = turns.length === dialogue?.rounds && signal?.aborted !== true && !failures.has(index);
    complete &&= whole;
    writing(() => {
      if (dialogue !== null) {
        const { events: _, rounds, ...told } = dialogue;
        const line = {
          ...{ dialogue: index, complete: whole, ...told, turns },
          ...(influence && { influence: influence.references }),
          ...run.facts,
        };
        order.add(index, { kind: 'line', line, influence });
      }
      order.end(index);
    });
  }

  /** Measures one dialogue after the other. */
  async function measureMany(): Promise<void> {
    while (opened < dialogues && signal?.aborted !== true && !broken) {
      if (opened >= order.written + MOST_AHEAD * batch) {
        await places.wait();
        continue;
      }
      try {
        await measure(opened++);
      } finally {
        places.tell();
      }
    }
  }

  const ends = await Promise.allSettled(Array.from({ length: Math.min(batch, dialogues) }, measureMany));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  const first = failures.size === 0 ? null : failures.get(Math.min(...failures.keys()));
  return { complete: complete && signal?.aborted !== true, failure: first };
}

/** Measures the influence on a dialogue that has ended; null if the run does not ask for it, and if the signal fires. */
async function influenceOn(
  { model, influence, signal }: DecayRun,
  index: number,
  { system, given }: MeasuredDialogue,
  turns: readonly MeasuredTurn[],
): Promise<DialogueInfluence | null> {
  if (influence === undefined) return null;
  const { options, total } = influence;
  const history = { system, given, exchanges: turns };
  const direct = influence.references(index);
  const answered =
    total === undefined
      ? NO_ANSWERS
      : await answeredReferences(model, history, direct, {
          ...{ ...options, ...total, signal },
          sampling: { ...total.sampling, seed: turns[0]!.seed! }, // generated, so it has one
        });
  if (answered === null) return null;
  const { idle: _, ...measured } = await measureInfluence(
    model,
    history,
    [...direct, ...answered.references],
    options,
  );
  return {
    references: measured.references,
    forwardedTokens: measured.forwardedTokens + answered.forwardedTokens,
    forwardPasses: measured.forwardPasses + answered.forwardPasses,
    ...{ system, given: given.length / 2 },
  };
}

const NO_ANSWERS: AnsweredReferences = { references: [], forwardedTokens: 0, forwardPasses: 0 };

/** Wakes those that wait for a dialogue to end. */
function createPlaces(): { wait(): Promise<void>; tell(): void } {
  const waiting: (() => void)[] = [];
  return {
    wait: () => new Promise((resolve) => waiting.push(resolve)),
    tell() {
      for (const wake of waiting.splice(0)) wake();
    },
  };
}
