import { effect } from '@preact/signals';
import type { Column, Draw, Steer } from '../../../src/studio/protocol.js';
import type { Answer } from './answer.js';
import { branch, branches, createRound, type Round, system } from './dialogue.js';
import { draw, sideBySide, steer } from './settings.js';

/** The page's state in the browser's database, so that a reload loses nothing. The rounds are records of their own. */
interface Stored {
  readonly version: 1;
  readonly system: string;
  readonly steer: Steer;
  readonly draw: Draw;
  readonly sideBySide: boolean;
  readonly branch: number;
  /** The rounds of each branch, by their ids. */
  readonly branches: readonly (readonly number[])[];
}

interface StoredRound extends Pick<Round, 'id' | 'user' | 'seed'> {
  readonly answers: Readonly<Record<Column, Answer | null>>;
}

const STATE = 'state';
const ROUNDS = 'rounds';
/** The only record of the state. */
const KEY = 'page';
/** How long nothing may change before the page is stored. */
const PAUSE_MS = 400;

/** Returns what the page is to remember, without the rounds. */
function snapshot(): Stored {
  return {
    version: 1,
    ...{ system: system.value, steer: steer.value, draw: draw.value },
    ...{ sideBySide: sideBySide.value, branch: branch.value },
    branches: branches.value.map((own) => own.map(({ id }) => id)),
  };
}

/** Returns an answer as it can be stored. One that had not ended has no turn, so it is left out. */
const settled = (answer: Answer | null): Answer | null =>
  answer?.status === 'done' ? { ...answer, comparing: null } : null;

function restore(stored: Stored, rounds: readonly StoredRound[]): void {
  const byId = new Map(
    rounds.map(({ id, user, seed, answers }) => [id, createRound(user, seed, answers, id)]),
  );
  system.value = stored.system;
  steer.value = stored.steer;
  draw.value = stored.draw;
  sideBySide.value = stored.sideBySide;
  branches.value = stored.branches.map((ids) => ids.flatMap((id) => byId.get(id) ?? []));
  branch.value = stored.branch;
}

/** Restores the page, and remembers it from then on. Without a database, as in a private window, nothing is kept. */
export async function keepState(): Promise<void> {
  const database = await openDatabase().catch(() => null);
  if (database === null) return;
  const [stored, rounds] = await Promise.all([
    read<Stored | undefined>(database, STATE, (store) => store.get(KEY)),
    read<StoredRound[]>(database, ROUNDS, (store) => store.getAll()),
  ]).catch(() => [undefined, []] as const);
  if (stored?.version === 1) restore(stored, rounds);

  /** The answers of each round as they were last written. Traces are large: only what changed is written. */
  const written = new Map<number, readonly (Answer | null)[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const state = snapshot();
    const all = new Map(branches.value.flat().map((round) => [round.id, round]));
    const answers = [...all.values()].map(
      ({ id, answers: { held, untouched } }) => [id, [held.value, untouched.value]] as const,
    );
    clearTimeout(timer);
    timer = setTimeout(() => {
      const changed = answers.filter(([id, now]) =>
        now.some((answer, side) => answer !== written.get(id)?.[side]),
      );
      const gone = [...written.keys()].filter((id) => !all.has(id));
      write(
        database,
        state,
        changed.map(([id]) => storedRound(all.get(id)!)),
        gone,
      );
      for (const [id, now] of changed) written.set(id, now);
      for (const id of gone) written.delete(id);
    }, PAUSE_MS);
  });
}

const storedRound = ({ id, user, seed, answers }: Round): StoredRound => ({
  ...{ id, user, seed },
  answers: { untouched: settled(answers.untouched.value), held: settled(answers.held.value) },
});

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('holdfast-studio', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STATE);
      request.result.createObjectStore(ROUNDS, { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function read<Result>(
  database: IDBDatabase,
  name: string,
  ask: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const request = ask(database.transaction(name).objectStore(name));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function write(
  database: IDBDatabase,
  state: Stored,
  changed: readonly StoredRound[],
  gone: readonly number[],
): void {
  const transaction = database.transaction([STATE, ROUNDS], 'readwrite');
  transaction.objectStore(STATE).put(state, KEY);
  const rounds = transaction.objectStore(ROUNDS);
  for (const round of changed) rounds.put(round);
  for (const id of gone) rounds.delete(id);
}
