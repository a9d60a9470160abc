import {
  type AnswerOptions,
  type AnswerStep,
  type Chat,
  type ChatOptions,
  openChat,
  openComparison,
  type Turn,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';

/** The side of a comparison; null in a chat without comparison. */
export type Side = 'off' | 'on' | null;

export interface SideStep {
  readonly side: Side;
  readonly step: AnswerStep;
}

/** Yields the steps of an answer. Returns the turns that were kept, one per side; null if none was. */
export type SideAnswers = AsyncGenerator<SideStep, readonly Turn[] | null>;

/** One chat, or two that get the same messages and answer one after the other. */
export interface Sides {
  /** The chats, in the order of their answers. The policy acts in the last. */
  readonly chats: readonly { readonly side: Side; readonly chat: Chat }[];
  answer(user: string, options: AnswerOptions): SideAnswers;
  /** Answers the last message again with the next seed. */
  retry(options: AnswerOptions): SideAnswers;
  dispose(): void;
}

export function openSides(model: Model, options: ChatOptions, compare: boolean): Sides {
  return compare ? comparedSides(model, options) : singleSide(openChat(model, options));
}

export function singleSide(chat: Chat): Sides {
  return {
    chats: [{ side: null, chat }],
    answer: (user, options) => single(chat.answer(user, options)),
    retry: (options) => single(chat.retry(options)),
    dispose: () => chat.dispose(),
  };
}

async function* single(answer: ReturnType<Chat['answer']>): SideAnswers {
  for (;;) {
    const next = await answer.next();
    if (next.done) return next.value && [next.value];
    yield { side: null, step: next.value };
  }
}

function comparedSides(model: Model, options: ChatOptions): Sides {
  const comparison = openComparison(model, options);
  const { off, on } = comparison;
  async function* answer(user: string, options: AnswerOptions): SideAnswers {
    const answers = comparison.answer(user, options);
    for (;;) {
      const next = await answers.next();
      if (next.done) return next.value && [next.value.off, next.value.on];
      yield { side: next.value.side, step: next.value };
    }
  }
  return {
    chats: [
      { side: 'off', chat: off },
      { side: 'on', chat: on },
    ],
    answer,
    async *retry(options) {
      // Undo both first, so that the chats always have the same length.
      const { user, settings } = off.undo();
      on.undo();
      return yield* answer(user, { ...options, seed: settings.sampling.seed + 1 });
    },
    dispose: () => comparison.dispose(),
  };
}
