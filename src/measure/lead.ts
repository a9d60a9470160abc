import { type ChatOptions, openChat, type Turn } from '../dialogue/index.js';
import type { FinishReason, Model } from '../engine/index.js';
import type { Scenario } from '../scenario/index.js';
import { cutsOf, regionsOf } from './regions.js';
import { type ShareRow, sharesByColumn } from './share-columns.js';

/** Seeds that one dialogue may use: answers take them from the first, the user's side from the middle. */
const SEEDS_PER_DIALOGUE = 1024;

/** How a dialogue is led: settings and context of its chat; its system prompt and history are the scenario's. */
export type LeadOptions = Omit<ChatOptions, 'system' | 'history'>;

/** A turn that was measured. */
export interface MeasuredTurn {
  readonly turn: number;
  readonly user: string;
  readonly assistant: string;
  /** `recorded` for an answer that was read and not made. */
  readonly finish: FinishReason | 'recorded';
  /** Tokens of the dialogue before the answer. */
  readonly contextTokens: number;
  /** Rows that were measured: tokens of the answer, the one that ends it included. */
  readonly answerTokens: number;
  readonly seed: number | null;
  /** The policy's strength in the first row and in the last; null for `off` and `hold`. */
  readonly strength: { readonly first: number; readonly last: number } | null;
  /** Turns that left the context before this one. */
  readonly dropped: readonly number[];
}

/** What happens while a dialogue is measured. */
export type LeadEvent =
  | { readonly kind: 'row'; readonly row: ShareRow }
  | { readonly kind: 'turn'; readonly turn: MeasuredTurn };

/**
 * Leads a model through a scenario; the row of every token it says comes as soon as it is known, and its turn after it.
 * Ends early, without an error, when the signal fires: a turn that was cut short is a turn.
 * @param dialogue which dialogue of the measurement it is, from 0; its seeds follow from it
 * @throws HoldfastError what opening a chat and answers throw
 */
export async function* measureDialogue(
  model: Model,
  scenario: Scenario,
  options: LeadOptions,
  dialogue: number,
  signal?: AbortSignal,
): AsyncGenerator<LeadEvent, void> {
  const { system, given } = scenario;
  const { seed: firstSeed = 0, ...sampling } = options.sampling ?? {};
  const seed = firstSeed + dialogue * SEEDS_PER_DIALOGUE;
  const chat = openChat(model, { ...options, system, history: given, sampling: { ...sampling, seed } });
  try {
    const { maxTokens } = chat.settings;
    const user = scenario.openUser({ model, seed: seed + SEEDS_PER_DIALOGUE / 2, sampling, maxTokens });
    try {
      let words = await user.say(null);
      // A chat needs a format, so there is one.
      const regions = regionsOf(model.format!, [
        { role: 'system', content: system },
        ...given,
        { role: 'user', content: words },
      ]);
      for (let round = 1; ; round++) {
        const number = chat.history.length + round;
        let shares: Float32Array = new Float32Array();
        const answer = chat.answer(words, {
          signal,
          cuts: cutsOf(regions),
          observe: (row) => {
            shares = sharesByColumn(row, regions, number);
          },
        });
        let next = await answer.next();
        for (; !next.done; next = await answer.next()) {
          const { id, position } = next.value;
          yield { kind: 'row', row: { dialogue, turn: number, position, id, shares } };
        }
        if (next.value !== null) yield { kind: 'turn', turn: measured(next.value) };
        if (signal?.aborted || next.value === null || round === scenario.rounds) return;
        words = await user.say(next.value.assistant);
      }
    } finally {
      user.dispose();
    }
  } finally {
    chat.dispose();
  }
}

function measured({
  number,
  user,
  assistant,
  ids,
  finish,
  strength,
  settings,
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
    dropped,
  };
}
