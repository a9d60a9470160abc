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
import { takeRecord, WAIT_MS } from './tab-record.js';

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
/** Where a tab keeps when it last wrote a record, before the record's name. After a reload that write may still be on its way. */
const LAST = 'holdfast-written ';
/** How often the page after a reload looks for it. */
const AGAIN_MS = 20;

/** Restores the page, and remembers it from then on. Without a database, as in some private windows, nothing is kept. */
export async function keepState(): Promise<void> {
  try {
    const database = await openDatabase('holdfast-studio', 2, [PAGES, ROUNDS]);
    const pages = await readAll<Stored>(database, PAGES);
    const id = await takeRecord(pages.sort((a, b) => b.writtenMs - a.writtenMs).map((page) => page.id));
    const stored = await readPage(database, id);
    const ofPage = IDBKeyRange.bound([id], [id, []]);
    if (stored !== undefined) restore(stored, await readAll<StoredRound>(database, ROUNDS, ofPage));
    keep(database, id);
  } catch (error) {
    tellLoss(messageOf(error));
  }
}

/** Reads a record again: another tab may have written it until now, and this tab's own last write may still be on its way. */
async function readPage(database: IDBDatabase, id: string): Promise<Stored | undefined> {
  const wantedMs = Number(sessionStorage.getItem(LAST + id));
  const untilMs = Date.now() + WAIT_MS;
  for (;;) {
    const [stored] = await readAll<Stored>(database, PAGES, IDBKeyRange.only(id));
    if ((stored?.writtenMs ?? 0) >= wantedMs || Date.now() > untilMs) return stored;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

const tellLoss = (why: string): void =>
  fail(`The browser keeps nothing of this page, so a reload loses it: ${why}`);

function restore(stored: Stored, rounds: readonly StoredRound[]): void {
  const answerOf = (answer: Answer | null): Answer | null => answer && cutOff(answer);
  const byId = new Map(
    rounds.map(({ id, user, seed, answers: { untouched, held } }) => [
      id,
      createRound(user, seed, { untouched: answerOf(untouched), held: answerOf(held) }, id),
    ]),
  );
  system.value = stored.system;
  steer.value = stored.steer;
  draw.value = stored.draw;
  sideBySide.value = stored.sideBySide;
  currentModel.value = stored.model;
  draft.value = stored.draft;
  putBack(stored.queue);
  branches.value = stored.branches.map((ids) => ids.flatMap((id) => byId.get(id) ?? []));
  branch.value = stored.branch;
}

/** Returns what the page is to remember, without the rounds. */
const snapshot = (): Omit<Stored, 'id' | 'writtenMs'> => ({
  ...{ system: system.value, steer: steer.value, draw: draw.value, sideBySide: sideBySide.value },
  ...{ model: currentModel.value, queue: queue.value, draft: draft.value, branch: branch.value },
  branches: branches.value.map((own) => own.map(({ id }) => id)),
});

/** Writes the page when it has changed, and when it is left. */
function keep(database: IDBDatabase, page: string): void {
  let state = snapshot();
  let rounds: readonly StoredRound[] = [];
  /** The rounds as they were last written. */
  let written = new Map<number, StoredRound>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  effect(() => {
    state = snapshot();
    rounds = [...new Set(branches.value.flat())].map(({ id, user, seed, answers }) => ({
      ...{ page, id, user, seed },
      answers: { untouched: answers.untouched.value, held: answers.held.value },
    }));
    timer ??= setTimeout(flush, EVERY_MS);
  });
  addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') flush();
  });

  function flush(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    const now = new Map(rounds.map((round) => [round.id, round]));
    const changed = rounds.filter((round) => !isSame(round, written.get(round.id)));
    const gone = [...written.keys()].filter((id) => !now.has(id));
    const put = changed.map((record) => ({ store: ROUNDS, record }));
    const writtenMs = Date.now();
    const changes = {
      put: [{ store: PAGES, record: { id: page, writtenMs, ...state } }, ...put],
      remove: gone.map((id) => ({ store: ROUNDS, key: [page, id] })),
    };
    written = now;
    sessionStorage.setItem(LAST + page, String(writtenMs));
    write(database, changes, (error) => {
      written = new Map();
      sessionStorage.removeItem(LAST + page);
      tellLoss(error === null ? 'it gives no reason' : messageOf(error));
    });
  }
}

const isSame = ({ answers }: StoredRound, other: StoredRound | undefined): boolean =>
  answers.held === other?.answers.held && answers.untouched === other.answers.untouched;
