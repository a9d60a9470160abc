import { batch, computed, effect, type Signal, signal } from '@preact/signals';
import {
  type AnswerEnd,
  type AnswerEvent,
  COLUMNS,
  type Column,
  type Failure,
  type PastTurn,
  type Steer,
  type TokenComparison,
  type TokenTrace,
} from '../../../src/studio/protocol.js';
import { EngineError } from '../engine/engine.js';
import { engine } from './engine.js';
import { message, wordsOf } from './message.js';
import { pinned, pointed } from './selection.js';
import { draw, sideBySide, steer, untouchedSteer } from './settings.js';

/** One side's answer to a message. */
export interface Answer {
  readonly status: 'waiting' | 'reading' | 'streaming' | 'done' | 'failed';
  /** What is being read again, while it is. */
  readonly reading: { readonly turn: number; readonly of: number } | null;
  /** The prompt's words: the index of `TokenTrace.words`. */
  readonly words: readonly string[];
  readonly tokens: readonly TokenTrace[];
  readonly end: AnswerEnd | null;
  /** The turn of an answer that came from a file and has not been measured. */
  readonly given: PastTurn | null;
  readonly failure: Failure | null;
  /** What a hold changes at each token, once it was asked for. */
  readonly comparison: Comparison | null;
  /** Whether it is being computed. */
  readonly comparing: boolean;
}

/** What a hold changes in an answer, token by token. */
export interface Comparison {
  readonly steer: Steer;
  readonly tokens: readonly TokenComparison[];
}

/** A message and the answers to it. */
export interface Round {
  readonly id: number;
  readonly user: string;
  readonly seed: number;
  readonly answers: Readonly<Record<Column, Signal<Answer | null>>>;
}

/** The system prompt of the next answer. */
export const system = signal('');
/** All branches of the dialogue. Branches that begin alike share their first rounds. */
export const branches = signal<readonly (readonly Round[])[]>([[]]);
/** The branch that the page shows. */
export const branch = signal(0);
export const rounds = computed(() => branches.value[branch.value]!);
/** The sides that answer. */
export const columns = computed<readonly Column[]>(() => (sideBySide.value ? COLUMNS : ['held']));

/** Stops the answers in progress; null if there are none. */
const stopper = signal<AbortController | null>(null);
export const isAnswering = computed(() => stopper.value !== null);
/** Messages that are sent one after another. */
export const queue = signal<readonly string[]>([]);

let nextId = 1;

export const EMPTY: Answer = {
  status: 'waiting',
  reading: null,
  words: [],
  tokens: [],
  end: null,
  given: null,
  failure: null,
  comparison: null,
  comparing: false,
};

/** Returns a round without answers. @param answers values to begin with */
export function createRound(
  user: string,
  seed: number,
  answers: Partial<Record<Column, Answer | null>> = {},
  id = nextId,
): Round {
  nextId = Math.max(nextId, id) + 1;
  return {
    ...{ id, user, seed },
    answers: { untouched: signal(answers.untouched ?? null), held: signal(answers.held ?? null) },
  };
}

/** Returns the answered turn; null if there is no answer. */
export function turnOf(answer: Answer | null): PastTurn | null {
  return answer?.end?.turn ?? answer?.given ?? null;
}

/** Returns one side's answered turns before a round. */
export function pastOf(column: Column, of: readonly Round[], index: number): PastTurn[] {
  return of.slice(0, index).flatMap(({ answers }) => turnOf(answers[column].value) ?? []);
}

/** Replaces the shown branch from a round on, and keeps the old one as a branch of its own. */
function branchOff(index: number, round: Round): void {
  const old = rounds.value;
  batch(() => {
    pinned.value = null;
    pointed.value = null;
    if (index === old.length) {
      branches.value = branches.value.with(branch.value, [...old, round]);
    } else {
      branches.value = [...branches.value, [...old.slice(0, index), round]];
      branch.value = branches.value.length - 1;
    }
  });
}

/** Sends messages one after another, each when the answers to the last have ended. */
export async function send(messages: readonly string[]): Promise<void> {
  queue.value = [...queue.value, ...messages];
  if (isAnswering.value) return;
  for (let next = queue.value[0]; next !== undefined; next = queue.value[0]) {
    queue.value = queue.value.slice(1);
    const index = rounds.value.length;
    branchOff(index, createRound(next, draw.value.seed + index));
    if (!(await answerRound(index))) queue.value = [];
  }
}

/** Answers a message again with the next seed, on a branch. */
export async function retry(index: number): Promise<void> {
  const { user, seed } = rounds.value[index]!;
  branchOff(index, createRound(user, seed + 1));
  await answerRound(index);
}

/** Answers another message in the place of one, on a branch. */
export async function edit(index: number, user: string): Promise<void> {
  branchOff(index, createRound(user, rounds.value[index]!.seed));
  await answerRound(index);
}

/** Continues one side's answer from another token in the place of one of its own, on a branch. */
export async function continueFrom(
  {
    round: index,
    column,
    token,
  }: { readonly round: number; readonly column: Column; readonly token: number },
  id: number,
): Promise<void> {
  const { user, seed, answers } = rounds.value[index]!;
  const turn = turnOf(answers[column].value)!;
  const kept = COLUMNS.filter((other) => other !== column);
  const copies = Object.fromEntries(kept.map((other) => [other, answers[other].value]));
  branchOff(index, createRound(user, seed, copies));
  await answerRound(index, { column, ids: [...turn.ids!.slice(0, token), id], strengths: turn.strengths });
}

/** Tokens that one side's answer begins with. */
interface Beginning {
  readonly column: Column;
  readonly ids: readonly number[];
  readonly strengths: readonly number[] | null;
}

/** Stops the answers in progress, and sends nothing more. */
export function stop(): void {
  queue.value = [];
  stopper.value?.abort();
}

/** Lets every side answer that has not answered a round. Returns false if one was stopped or failed. */
async function answerRound(index: number, beginning: Beginning | null = null): Promise<boolean> {
  const controller = new AbortController();
  stopper.value = controller;
  const of = rounds.value;
  const sides = columns.value.filter((column) => of[index]!.answers[column].value === null);
  try {
    const done = await Promise.all(
      sides.map((column) =>
        answerOn(column, of, index, beginning?.column === column ? beginning : null, controller.signal),
      ),
    );
    return done.every(Boolean) && !controller.signal.aborted;
  } finally {
    stopper.value = null;
  }
}

async function answerOn(
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
  return follow(round.answers[column], 'answer', request, signal);
}

/** The system prompt as the model gets it: null for none. */
export const systemText = (): string | null => (system.value.trim() === '' ? null : system.value);

/** Runs an answer and shows its events. Returns whether it has ended with at least one token. */
export async function follow(
  shown: Signal<Answer | null>,
  name: 'answer',
  request: Parameters<typeof engine.run<'answer'>>[1],
  signal: AbortSignal,
): Promise<boolean> {
  shown.value = EMPTY;
  try {
    await engine.run(name, request, {
      signal,
      report: (event) => {
        shown.value = afterEvent(shown.value!, event);
      },
    });
    return shown.value.end !== null;
  } catch (error) {
    const { code, message } =
      error instanceof EngineError ? error : { code: 'E_BUG', message: String(error) };
    shown.value = { ...shown.value, status: 'failed', reading: null, failure: { code, message } };
    return false;
  }
}

/** Returns an answer after an event. */
export function afterEvent(answer: Answer, event: AnswerEvent): Answer {
  switch (event.kind) {
    case 'reading':
      return { ...answer, status: 'reading', reading: { turn: event.turn, of: event.of } };
    case 'words':
      return { ...answer, status: 'streaming', reading: null, words: event.words };
    case 'token':
      return { ...answer, tokens: [...answer.tokens, event.token] };
    case 'end':
      return { ...answer, status: 'done', end: event.end };
  }
}

/** Lets the sides answer that have no answer to some rounds, from the first round on. */
export async function answerMissing(): Promise<void> {
  for (const index of rounds.value.keys()) {
    const missing = columns.value.some((column) => rounds.value[index]!.answers[column].value === null);
    if (missing && !(await answerRound(index))) return;
  }
}

/** Begins a new dialogue with the same system prompt and settings. */
export function reset(): void {
  stop();
  batch(() => {
    branches.value = [[]];
    branch.value = 0;
    pinned.value = null;
    pointed.value = null;
  });
}

/** Whether a policy can be compared with the untouched model by reading an answer: it needs a strength to read it with. */
export const isComparable = ({ policy }: Steer): boolean => policy !== 'off' && policy !== 'sustain';

/** Asks what a hold changes in an answer. */
export async function compare(
  { round: index, column }: { readonly round: number; readonly column: Column },
  under: Steer,
): Promise<void> {
  const of = rounds.value;
  const shown = of[index]?.answers[column];
  const turn = turnOf(shown?.value ?? null);
  if (shown === undefined || turn === null || shown.value!.comparing || !isComparable(under)) return;
  shown.value = { ...shown.value!, comparing: true };
  try {
    const tokens = await engine.run('compare', {
      ...{ system: turn.system, user: turn.user, assistant: turn.assistant },
      past: pastOf(column, of, index),
      steer: under,
    });
    shown.value = { ...shown.value!, comparing: false, comparison: { steer: under, tokens } };
  } catch (error) {
    shown.value = { ...shown.value!, comparing: false };
    message.value = `The comparison failed: ${wordsOf(error)}`;
  }
}

let recompare: ReturnType<typeof setTimeout> | undefined;
/** Compares the chosen answer again when the hold changes, if it was compared before: what would change now. */
effect(() => {
  const under = steer.value;
  const place = pinned.peek();
  const answer = place === null ? null : rounds.peek()[place.round]?.answers[place.column].peek();
  clearTimeout(recompare);
  if (place === null || !answer?.comparison || stopper.peek()) return;
  recompare = setTimeout(() => void compare(place, under), 250);
});

/** Sends a changed strength to the answer in progress: it acts on the next token. */
effect(() => {
  const { schedule } = steer.value;
  if (schedule?.kind !== 'constant' || !stopper.peek()) return;
  void engine.run('strength', { column: 'held', strength: schedule.strength });
});
