import { computed, signal } from '@preact/signals';
import { COLUMNS, type Column } from '../../../src/studio/protocol.js';
import { announce } from './announce.js';
import { type Answer, turnOf } from './answer.js';
import {
  branchOff,
  columns,
  createRound,
  pastOf,
  type Round,
  rounds,
  showRounds,
  systemText,
} from './dialogue.js';
import { putBack } from './draft.js';
import { runAnswer } from './run-answer.js';
import type { TokenPlace } from './selection.js';
import { draw, steer, untouchedSteer } from './settings.js';

/** The work of the engine, and what stops it; null if there is none. */
const running = signal<{ readonly round: Round | null; readonly stopper: AbortController } | null>(null);
/** The round that is being answered; null if none is. */
export const answering = computed(() => running.value?.round ?? null);
/** Whether the engine answers, or measures answers: it can do nothing else meanwhile. */
export const isAnswering = computed(() => running.value !== null);
/** Messages that are sent one after another. */
export const queue = signal<readonly string[]>([]);
/** Whether there is anything to stop. Between two messages that were sent together, nothing is answered for a moment. */
export const isBusy = computed(() => isAnswering.value || queue.value.length > 0);

/** Sends messages one after another, each when the answers to the last have ended. */
export async function send(messages: readonly string[]): Promise<void> {
  queue.value = [...queue.value, ...messages];
  const [next, ...rest] = queue.value;
  if (isAnswering.value || next === undefined) return;
  queue.value = rest;
  const index = rounds.value.length;
  branchOff(index, createRound(next, draw.value.seed + index));
  await answerAndSend(index);
}

/** Answers a message again with the next seed, on a branch. */
export async function retry(index: number): Promise<void> {
  const { user, seed } = rounds.value[index]!;
  branchOff(index, createRound(user, seed + 1));
  await answerAndSend(index);
}

/** Answers another message in the place of one, on a branch. */
export async function edit(index: number, user: string): Promise<void> {
  branchOff(index, createRound(user, rounds.value[index]!.seed));
  await answerAndSend(index);
}

/** Continues one side's answer from another token in the place of one of its own, on a branch. */
export async function continueFrom({ round: index, column, token }: TokenPlace, id: number): Promise<void> {
  const { user, seed, answers } = rounds.value[index]!;
  const turn = turnOf(answers[column].value)!;
  const kept = COLUMNS.filter((other) => other !== column);
  const copies = Object.fromEntries(kept.map((other) => [other, answers[other].value]));
  branchOff(index, createRound(user, seed, copies));
  const ids = [...turn.ids!.slice(0, token), id];
  await answerAndSend(index, { column, ids, strengths: turn.strengths });
}

/** Lets the sides answer that have no answer to some rounds, from the first round on. */
export async function answerMissing(): Promise<void> {
  for (const index of rounds.value.keys()) {
    const missing = columns.value.some((column) => rounds.value[index]!.answers[column].value === null);
    if (missing && !(await answerRound(index))) return putBackQueue();
  }
  await send([]);
}

/** Answers a round, and then the messages that were sent meanwhile. */
async function answerAndSend(index: number, beginning: Beginning | null = null): Promise<void> {
  if (await answerRound(index, beginning)) await send([]);
  else putBackQueue();
}

/** After a failure, messages that wait are not sent: the user has them back. */
function putBackQueue(): void {
  putBack(queue.value);
  queue.value = [];
}

/** Stops the answers in progress, and sends nothing more. */
export function stop(): void {
  queue.value = [];
  running.value?.stopper.abort();
}

/** Begins a new dialogue with the same system prompt and settings. */
export function reset(): void {
  stop();
  showRounds([]);
}

/** Tokens that one side's answer begins with. */
interface Beginning {
  readonly column: Column;
  readonly ids: readonly number[];
  readonly strengths: readonly number[] | null;
}

/**
 * Lets the engine work. Messages that are sent meanwhile wait for `send`.
 * @param round the round that is answered; null if none is
 */
export async function occupy<Result>(
  round: Round | null,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stopper = new AbortController();
  running.value = { round, stopper };
  try {
    return await work(stopper.signal);
  } finally {
    running.value = null;
  }
}

/** Lets every side answer that has not answered a round. Returns false if one was stopped or failed. */
function answerRound(index: number, beginning: Beginning | null = null): Promise<boolean> {
  const of = rounds.value;
  const round = of[index]!;
  const sides = columns.value.filter((column) => round.answers[column].value === null);
  return occupy(round, async (signal) => {
    const done = await Promise.all(
      sides.map((column) =>
        answerOn(column, of, index, beginning?.column === column ? beginning : null, signal),
      ),
    );
    const asked = sides.map((column) => round.answers[column].value);
    announce(`Turn ${index + 1} ${outcomeOf(asked, signal.aborted)}`);
    return done.every(Boolean) && !signal.aborted;
  });
}

/** Returns how the answers of a round that were asked for ended: `is answered.` */
function outcomeOf(asked: readonly (Answer | null)[], wasStopped: boolean): string {
  const failure = asked.find((answer) => answer?.failure)?.failure;
  if (failure) return `failed: ${failure.message}`;
  return wasStopped ? 'was stopped.' : 'is answered.';
}

function answerOn(
  column: Column,
  of: readonly Round[],
  index: number,
  beginning: Beginning | null,
  signal: AbortSignal,
): Promise<boolean> {
  const round = of[index]!;
  const request = {
    column,
    system: systemText(),
    past: pastOf(column, of, index),
    user: round.user,
    steer: column === 'held' ? steer.value : untouchedSteer.value,
    draw: { ...draw.value, seed: round.seed },
    begin: beginning?.ids ?? [],
    strengths: beginning?.strengths ?? null,
    measureOnly: false,
  };
  return runAnswer(round.answers[column], request, signal);
}
