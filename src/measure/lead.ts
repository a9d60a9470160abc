import { assertTouched } from '../attention/index.js';
import { openChat, type SettingsOptions, type Turn } from '../dialogue/index.js';
import { type FinishReason, headGrid, type Model } from '../engine/index.js';
import type { Scenario } from '../scenario/index.js';
import type { Moment } from '../text/index.js';
import { COLUMN_TARGETS, type ColumnShares, type ShareRow, sharesByColumn } from './share-columns.js';

/** Seeds reserved for one dialogue: answers use them from the first, the simulated user from the middle. */
const SEEDS_PER_DIALOGUE = 1024;

/** Settings, context and moment of a dialogue's chat. The scenario gives its system prompt and history. */
export type LeadOptions = SettingsOptions & { readonly contextLength?: number; readonly now: Moment };

/** A measured turn. */
export interface MeasuredTurn {
  readonly turn: number;
  readonly user: string;
  readonly assistant: string;
  /** Why the answer ended; `recorded` if the answer was read instead of generated. */
  readonly finish: FinishReason | 'recorded';
  /** Tokens of the dialogue before the answer. */
  readonly contextTokens: number;
  /** Measured rows: tokens of the answer, including the one that ends it. */
  readonly answerTokens: number;
  readonly seed: number | null;
  /** The policy's strength in the first and in the last row; null for `off` and `sustain`. */
  readonly strength: { readonly first: number; readonly last: number } | null;
  /** Why the policy did not do what it was asked to; see `Turn.notice`. */
  readonly notice: string | null;
  /** The price of a clean cache; see `Turn.cleaned`. Absent with a held one. */
  readonly cleaned?: NonNullable<Turn['cleaned']>;
  /** Turns that were dropped from the context before this one. */
  readonly dropped: readonly number[];
}

/** A result while a dialogue is measured: one row, or one complete turn. */
export type LeadEvent =
  | { readonly kind: 'row'; readonly row: ShareRow }
  | { readonly kind: 'turn'; readonly turn: MeasuredTurn };

/**
 * Runs a model through a scenario. Yields the row of every generated token as soon as it is known, and each turn after
 * its rows. If the signal fires, it ends early without an error, and yields the interrupted turn.
 * @param dialogue the index of the dialogue in the measurement, from 0; it determines the seeds
 * @throws HoldfastError those of opening a chat and of answers
 */
export async function* measureDialogue(
  model: Model,
  scenario: Scenario,
  options: LeadOptions,
  dialogue: number,
  signal?: AbortSignal,
): AsyncGenerator<LeadEvent, void> {
  const { system, given } = scenario;
  const grid = headGrid(model.executor.blueprint);
  const { seed: firstSeed = 0, ...sampling } = options.sampling ?? {};
  const seed = firstSeed + dialogue * SEEDS_PER_DIALOGUE;
  const chat = openChat(model, { ...options, system, history: given, sampling: { ...sampling, seed } });
  try {
    const { maxTokens } = chat.settings;
    const user = scenario.openUser({
      model,
      seed: seed + SEEDS_PER_DIALOGUE / 2,
      sampling,
      maxTokens,
      now: chat.now,
    });
    try {
      let words = await user.say(null);
      for (let round = 1; ; round++) {
        const number = chat.history.length + round;
        let measured: ColumnShares | undefined;
        const answer = chat.answer(words, {
          signal,
          watch: COLUMN_TARGETS,
          observe: (row) => {
            measured = sharesByColumn(row, number, grid);
          },
        });
        let next = await answer.next();
        for (; !next.done; next = await answer.next()) {
          const { id, position } = next.value;
          yield { kind: 'row', row: { dialogue, turn: number, position, id, ...measured! } };
        }
        if (next.value !== null) yield { kind: 'turn', turn: measuredTurn(next.value) };
        if (signal?.aborted || next.value === null) return;
        if (round === scenario.rounds) {
          assertTouched(chat.turns);
          return;
        }
        words = await user.say(next.value.assistant);
      }
    } finally {
      user.dispose();
    }
  } finally {
    chat.dispose();
  }
}

function measuredTurn({
  number,
  user,
  assistant,
  ids,
  finish,
  strength,
  notice,
  settings,
  cleaned,
  dropped,
  timing,
}: Turn): MeasuredTurn {
  return {
    turn: number,
    user,
    assistant,
    finish,
    contextTokens: timing.promptTokens,
    answerTokens: ids.length,
    seed: settings.sampling.seed,
    strength,
    notice,
    ...(cleaned && { cleaned }),
    dropped,
  };
}
