import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { type AnswerOptions, type Chat, type ChatOptions, openChat } from './chat.js';
import type { AnswerStep, Turn } from './turn.js';

/** A token of one of the two answers. */
export interface ComparedStep extends AnswerStep {
  readonly side: 'off' | 'on';
}

/** The two answers to one message. */
export interface ComparedTurns {
  readonly off: Turn;
  readonly on: Turn;
}

/** Two chats that are told the same, one with the policy off, each with its own history. */
export interface Comparison {
  readonly off: Chat;
  readonly on: Chat;
  /**
   * Answers a message in both chats from the same seed, off first: side by side they would only wait for each other.
   * The chats stay of the same length: where one has no answer (the signal came first, or it failed), the other's is
   * taken back.
   * @returns null when the signal came before both had begun
   * @throws HoldfastError as `Chat.answer`
   */
  answer(
    user: string,
    options?: Omit<AnswerOptions, 'observe'>,
  ): AsyncGenerator<ComparedStep, ComparedTurns | null>;
  dispose(): void;
}

/**
 * Opens a dialogue twice, under a policy and without.
 * @throws HoldfastError `E_POLICY` when the options name no policy, and as `openChat`
 */
export function openComparison(model: Model, options: ChatOptions): Comparison {
  if (options.hold !== true && (options.policy ?? 'off') === 'off') {
    throw new HoldfastError('E_POLICY', 'a comparison needs a policy to compare with off');
  }
  const { hold: _hold, policy: _policy, strength: _strength, schedule: _schedule, ...others } = options;
  const { on, off } = openBoth(model, options, others);
  return {
    off,
    on,
    async *answer(user, answerOptions = {}) {
      const seed = answerOptions.seed ?? on.settings.sampling.seed + on.turns.length;
      let offTurn: Turn | null = null;
      let onTurn: Turn | null = null;
      try {
        offTurn = yield* tagged(off.answer(user, { ...answerOptions, seed }), 'off');
        if (offTurn === null) return null;
        onTurn = yield* tagged(on.answer(user, { ...answerOptions, seed }), 'on');
        return onTurn && { off: offTurn, on: onTurn };
      } finally {
        if (offTurn !== null && onTurn === null) off.undo();
      }
    },
    dispose() {
      off.dispose();
      on.dispose();
    },
  };
}

function openBoth(
  model: Model,
  onOptions: ChatOptions,
  offOptions: ChatOptions,
): { readonly on: Chat; readonly off: Chat } {
  const on = openChat(model, onOptions);
  try {
    return { on, off: openChat(model, offOptions) };
  } catch (error) {
    on.dispose();
    throw error;
  }
}

async function* tagged(
  answer: AsyncGenerator<AnswerStep, Turn | null>,
  side: ComparedStep['side'],
): AsyncGenerator<ComparedStep, Turn | null> {
  try {
    for (;;) {
      const next = await answer.next();
      if (next.done) return next.value;
      yield { ...next.value, side };
    }
  } finally {
    // A loop that is left here leaves the answer too.
    await answer.return(null);
  }
}
