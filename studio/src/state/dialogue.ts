import { batch, computed, type Signal, signal } from '@preact/signals';
import { COLUMNS, type Column, type PastTurn } from '../../../src/studio/protocol.js';
import type { Answer } from './answer.js';
import { readable } from './current-model.js';
import { pinned, pointed } from './selection.js';
import { sideBySide } from './settings.js';

/** A message and the answers to it. */
export interface Round {
  readonly id: number;
  readonly user: string;
  readonly seed: number;
  readonly answers: Readonly<Record<Column, Signal<Answer | null>>>;
}

/** The system prompt of the next answer. */
export const system = signal('');
/** The system prompt as the model gets it: null for none. */
export const systemText = (): string | null => (system.value.trim() === '' ? null : system.value);

/** All branches of the dialogue. Branches that begin alike share their first rounds. */
export const branches = signal<readonly (readonly Round[])[]>([[]]);
/** The branch that the page shows. */
export const branch = signal(0);
export const rounds = computed(() => branches.value[branch.value]!);
/** The sides that answer. */
export const columns = computed<readonly Column[]>(() => (sideBySide.value ? COLUMNS : ['held']));

let nextId = 1;

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

/** Returns one side's answered turns before a round, as the current model can read them. */
export function pastOf(column: Column, of: readonly Round[], index: number): PastTurn[] {
  return readable(of.slice(0, index).flatMap(({ answers }) => answers[column].value ?? []));
}

/** Shows a dialogue of a single branch in the place of the current one. */
export function showRounds(loaded: readonly Round[]): void {
  batch(() => {
    pinned.value = null;
    pointed.value = null;
    branches.value = [loaded];
    branch.value = 0;
  });
}

/** Replaces the shown branch from a round on, and keeps the old one as a branch of its own. */
export function branchOff(index: number, round: Round): void {
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
