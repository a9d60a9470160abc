import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { currentMoment } from '../text/index.js';
import type { Chat } from './chat.js';
import type { AnswerOptions, ChatOptions } from './chat-options.js';
import { openChat } from './open-chat.js';
import type { AnswerStep, Turn } from './turn.js';

/** One token of one of the two answers. */
export interface ComparedStep extends AnswerStep {
  readonly side: 'off' | 'on';
}

/** The two answers to one message. */
export interface ComparedTurns {
  readonly off: Turn;
  readonly on: Turn;
}

/** Two chats that get the same messages, one with the policy off and one with it on. Each has its own history. */
export interface Comparison {
  readonly off: Chat;
  readonly on: Chat;
  /**
   * Answers a message in both chats from the same seed, off first; running both at once would not be faster.
   * The chats keep the same length: if one has no answer (it was aborted before its first token, or failed), the other's
   * is removed.
   * @returns null if the signal fires before both have begun
   * @throws HoldfastError as `Chat.answer`
   */
  answer(
    user: string,
    options?: Omit<AnswerOptions, 'observe'>,
  ): AsyncGenerator<ComparedStep, ComparedTurns | null>;
  dispose(): void;
}

/**
 * Opens a dialogue twice: with a policy and without.
 * @throws HoldfastError `E_POLICY` when the options name no policy, and as `openChat`
 */
export function openComparison(model: Model, options: ChatOptions): Comparison {
  if (options.hold !== true && (options.policy ?? 'off') === 'off') {
    throw new HoldfastError('E_POLICY', 'a comparison needs a policy other than off');
  }
  const { hold: _hold, policy: _policy, strength: _strength, schedule: _schedule, ...others } = options;
  const now = options.now ?? currentMoment();
  const { on, off } = openBoth(model, { ...options, now }, { ...others, now });
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
    // If the caller leaves the loop, end the answer too.
    await answer.return(null);
  }
}
