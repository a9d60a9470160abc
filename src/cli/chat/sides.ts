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

/** Which of two answers; null in a chat that gives one. */
export type Side = 'off' | 'on' | null;

export interface SideStep {
  readonly side: Side;
  readonly step: AnswerStep;
}

/** Ends with the turns that were kept, one a side; null when none was. */
export type SideAnswers = AsyncGenerator<SideStep, readonly Turn[] | null>;

/** One chat, or two side by side, told the same and answering in turn. */
export interface Sides {
  /** In the order of their answers; the policy acts in the last. */
  readonly chats: readonly { readonly side: Side; readonly chat: Chat }[];
  answer(user: string, options: AnswerOptions): SideAnswers;
  /** Answers the last message again, with the next seed. */
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
      // Both are taken back first, so that neither chat is ever ahead of the other.
      const { user, settings } = off.undo();
      on.undo();
      return yield* answer(user, { ...options, seed: settings.sampling.seed + 1 });
    },
    dispose: () => comparison.dispose(),
  };
}
