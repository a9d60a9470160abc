import { effect } from '@preact/signals';
import { messageOf } from '../../../src/errors.js';
import type { Column, Draw, Steer } from '../../../src/studio/protocol.js';
import { type Answer, type AnswerModel, cutOff } from './answer.js';
import { queue } from './answering.js';
import { currentModel } from './current-model.js';
import { openDatabase, readAll, type Store, write } from './database.js';
import { branch, branches, createRound, type Round, system } from './dialogue.js';
import { draft, putBack } from './draft.js';
import { fail } from './message.js';
import { draw, sideBySide, steer } from './settings.js';
import { takeRecord } from './tab-record.js';

/** The state of a page, so that a reload loses nothing. Each tab has a record of its own. */
interface Stored {
  readonly id: string;
  /** When it was written, in milliseconds since 1970. */
  readonly writtenMs: number;
  readonly system: string;
  readonly steer: Steer;
  readonly draw: Draw;
  readonly sideBySide: boolean;
  readonly model: AnswerModel | null;
  /** Messages that wait for the answers before them. */
  readonly queue: readonly string[];
  readonly draft: string;
  readonly branch: number;
  /** The rounds of each branch, by their ids. */
  readonly branches: readonly (readonly number[])[];
}

/** A round of a page. Traces are large: a round is written only when it changes. */
interface StoredRound extends Pick<Round, 'id' | 'user' | 'seed'> {
  readonly page: string;
  readonly answers: Readonly<Record<Column, Answer | null>>;
}

const PAGES: Store = { name: 'pages', keyPath: 'id' };
const ROUNDS: Store = { name: 'rounds', keyPath: ['page', 'id'] };
/** How often a page that changes is written, as while an answer comes. A page that is left is written at once. */
const EVERY_MS = 1000;
/**
 * Where a page that is left keeps, for the next one with its record, what the database may not have yet. It holds some
 * megabytes: a longer trace may lose its last second.
 */
const leftOf = (id: string): string => `holdfast-left ${id}`;

/** What a page that is left has not seen written. */
interface Left {
  readonly page: Stored;
  readonly rounds: readonly StoredRound[];
}

/** Restores the page, and remembers it from then on. Without a database, as in some private windows, nothing is kept. */
export async function keepState(): Promise<void> {
  try {
    const database = await openDatabase('holdfast-studio', 2, [PAGES, ROUNDS]);
    const pages = await readAll<Stored>(database, PAGES);
    const id = await takeRecord(pages.sort((a, b) => b.writtenMs - a.writtenMs).map((page) => page.id));
    // Read again: another tab may have written it until now.
    const [page] = await readAll<Stored>(database, PAGES, IDBKeyRange.only(id));
    const rounds = await readAll<StoredRound>(database, ROUNDS, IDBKeyRange.bound([id], [id, []]));
    const left = readLeft(id, page?.writtenMs ?? 0);
    const stored = left?.page ?? page;
    if (stored !== undefined) restore(stored, [...rounds, ...(left?.rounds ?? [])]);
    keep(database, id, rounds);
  } catch (error) {
    tellLoss(messageOf(error));
  }
}

/** Returns what a page with this record had not seen written; null if the database has it, or what came after it. */
function readLeft(id: string, writtenMs: number): Left | null {
  const left = JSON.parse(localStorage.getItem(leftOf(id)) ?? 'null') as Left | null;
  return left !== null && left.page.writtenMs >= writtenMs ? left : null;
}

const tellLoss = (why: string): void =>
  fail(`The browser keeps nothing of this page, so a reload loses it: ${why}`);

function restore(stored: Stored, rounds: readonly StoredRound[]): void {
  const answerOf = (answer: Answer | null): Answer | null => answer && cutOff(answer);
  const restored = byId(
    rounds.map(({ id, user, seed, answers: { untouched, held } }) =>
      createRound(user, seed, { untouched: answerOf(untouched), held: answerOf(held) }, id),
    ),
  );
  system.value = stored.system;
  steer.value = stored.steer;
  draw.value = stored.draw;
  sideBySide.value = stored.sideBySide;
  currentModel.value = stored.model;
  draft.value = stored.draft;
  putBack(stored.queue);
  branches.value = stored.branches.map((ids) => ids.flatMap((id) => restored.get(id) ?? []));
  branch.value = stored.branch;
}

/** Returns what the page is to remember, without the rounds. */
const snapshot = (): Omit<Stored, 'id' | 'writtenMs'> => ({
  ...{ system: system.value, steer: steer.value, draw: draw.value, sideBySide: sideBySide.value },
  ...{ model: currentModel.value, queue: queue.value, draft: draft.value, branch: branch.value },
  branches: branches.value.map((own) => own.map(({ id }) => id)),
});

/**
 * Writes the page when it has changed, and when it is left.
 * @param known the rounds that the database has
 */
function keep(database: IDBDatabase, id: string, known: readonly StoredRound[]): void {
  let state = snapshot();
  let rounds: readonly StoredRound[] = [];
  /** The rounds as they were last sent to the database, and as it last said that it has them. */
  let sent = byId(known);
  let saved = sent;
  /** Runs while there is something to send. */
  let timer: ReturnType<typeof setTimeout> | undefined;

  effect(() => {
    state = snapshot();
    rounds = [...new Set(branches.value.flat())].map(({ id: round, user, seed, answers }) => ({
      ...{ page: id, id: round, user, seed },
      answers: { untouched: answers.untouched.value, held: answers.held.value },
    }));
    timer ??= setTimeout(flush, EVERY_MS);
  });
  addEventListener('pagehide', () => {
    flush();
    leave();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') flush();
  });

  const isSaved = (): boolean => timer === undefined && saved === sent;
  const page = (): Stored => ({ id, writtenMs: Date.now(), ...state });
  const changedSince = (since: ReadonlyMap<number, StoredRound>): readonly StoredRound[] =>
    rounds.filter((round) => !isSame(round, since.get(round.id)));

  function flush(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    const now = byId(rounds);
    const gone = [...sent.keys()].filter((round) => !now.has(round));
    const put = changedSince(sent).map((record) => ({ store: ROUNDS, record }));
    const written = write(database, {
      put: [{ store: PAGES, record: page() }, ...put],
      remove: gone.map((round) => ({ store: ROUNDS, key: [id, round] })),
    });
    sent = now;
    written.then(
      () => {
        saved = now;
        if (isSaved()) localStorage.removeItem(leftOf(id));
      },
      (error) => {
        sent = new Map();
        tellLoss(messageOf(error));
      },
    );
  }

  /** Leaves to the next page what is not known to be written. */
  function leave(): void {
    if (isSaved()) return;
    const left: Left = { page: page(), rounds: changedSince(saved) };
    try {
      localStorage.setItem(leftOf(id), JSON.stringify(left));
    } catch {
      // It has no room for so long a trace. The database has what was written a second ago, and most often this too.
      localStorage.removeItem(leftOf(id));
    }
  }
}

const byId = <Item extends { readonly id: number }>(items: readonly Item[]): Map<number, Item> =>
  new Map(items.map((item) => [item.id, item]));

const isSame = ({ answers }: StoredRound, other: StoredRound | undefined): boolean =>
  answers.held === other?.answers.held && answers.untouched === other.answers.untouched;
