import { effect } from '@preact/signals';
import type { Column, Draw, Steer } from '../../../src/studio/protocol.js';
import { type Answer, branch, branches, createRound, type Round, rounds, system } from './dialogue.js';
import { draw, sideBySide, steer } from './settings.js';

/** The page's state in the browser's database, so that a reload loses nothing. */
interface Stored {
  readonly version: 1;
  readonly system: string;
  readonly steer: Steer;
  readonly draw: Draw;
  readonly sideBySide: boolean;
  readonly branch: number;
  /** The rounds of each branch, by their ids. */
  readonly branches: readonly (readonly number[])[];
  readonly rounds: readonly StoredRound[];
}

interface StoredRound extends Pick<Round, 'id' | 'user' | 'seed'> {
  readonly answers: Readonly<Record<Column, Answer | null>>;
}

const KEY = 'page';

/** Returns what the page is to remember. Answers in progress are kept as far as they are. */
export function snapshot(): Stored {
  const all = new Map(branches.value.flat().map((round) => [round.id, round]));
  return {
    version: 1,
    ...{ system: system.value, steer: steer.value, draw: draw.value },
    sideBySide: sideBySide.value,
    branch: branch.value,
    branches: branches.value.map((own) => own.map(({ id }) => id)),
    rounds: [...all.values()].map(({ id, user, seed, answers }) => ({
      ...{ id, user, seed },
      answers: { untouched: settled(answers.untouched.value), held: settled(answers.held.value) },
    })),
  };
}

/** Returns an answer as it can be stored: one that had not ended has no turn, so it is asked for again. */
const settled = (answer: Answer | null): Answer | null =>
  answer?.status === 'done' ? { ...answer, comparing: false } : null;

/** Puts back what the page remembered. */
export function restore(stored: Stored): void {
  const byId = new Map(
    stored.rounds.map(({ id, user, seed, answers }) => [id, createRound(user, seed, answers, id)]),
  );
  system.value = stored.system;
  steer.value = stored.steer;
  draw.value = stored.draw;
  sideBySide.value = stored.sideBySide;
  branches.value = stored.branches.map((ids) => ids.map((id) => byId.get(id)!));
  branch.value = stored.branch;
}

/** Restores the page, and remembers it from then on. Without a database, as in a private window, nothing is kept. */
export async function keepState(): Promise<void> {
  const database = await openDatabase().catch(() => null);
  if (database === null) return;
  const stored = await read(database).catch(() => undefined);
  if (stored?.version === 1) restore(stored);
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    // Read every signal that is stored, so that a change of each is noticed.
    for (const { answers } of rounds.value) void [answers.held.value, answers.untouched.value];
    void [system.value, steer.value, draw.value, sideBySide.value, branch.value];
    clearTimeout(timer);
    timer = setTimeout(() => write(database, snapshot()), 400);
  });
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('holdfast-studio', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('state');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function read(database: IDBDatabase): Promise<Stored | undefined> {
  return new Promise((resolve, reject) => {
    const request = database.transaction('state').objectStore('state').get(KEY);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function write(database: IDBDatabase, state: Stored): void {
  database.transaction('state', 'readwrite').objectStore('state').put(state, KEY);
}
