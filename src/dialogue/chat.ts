import {
  type Receipt,
  resolveTarget,
  type TargetContext,
  type TokenRange,
  targetName,
} from '../attention/index.js';
import { headGrid, type Model, Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { ChatFormat, Message } from '../text/index.js';
import { answerPrompt } from './answer.js';
import { type Exchange, readHistory } from './history.js';
import { layoutPrompt, type Prompt, type PromptMessage } from './prompt.js';
import {
  assertTarget,
  changeSettings,
  defaultSettings,
  type Settings,
  type SettingsOptions,
} from './settings.js';
import type { HeadShares } from './shares.js';
import { createSteering, type Steering } from './steering.js';
import { type AnswerStep, answerIds, policyActed, type RowObservation, type Turn } from './turn.js';

export interface ChatOptions extends SettingsOptions {
  readonly system?: string | null;
  /**
   * What was said before, as it stands: user and assistant in turn, an answer last. It is laid out by the template and
   * counts as turns, for schedules too; nobody measured the shares of its answers.
   */
  readonly history?: readonly Message[];
  /** Tokens the dialogue can hold; see `SessionOptions`. */
  readonly contextLength?: number;
  /**
   * When a prompt and the longest answer allowed do not fit: fail (the default), or leave out the oldest turns, never
   * the system prompt, and say so in {@link Turn.dropped}.
   */
  readonly onContextFull?: 'error' | 'drop-oldest';
  /** Read control tokens written in messages as such; see `LayoutOptions`. */
  readonly trustContent?: boolean;
}

export interface AnswerOptions {
  /** Ends the answer; what was said until then is kept as a turn, unless it was nothing. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the chat's own. */
  readonly seed?: number | undefined;
  /** Called for every row that chooses a token, before the token's step. What it throws ends the answer, which is not kept. */
  readonly observe?: ((row: RowObservation) => void) | undefined;
  /** Tokens at which spans are cut besides their own borders: where a range begins or ends that is to be observed. */
  readonly cuts?: readonly number[];
}

/**
 * Opens a dialogue with a model.
 * @throws HoldfastError `E_TEMPLATE` when the model has no chat template, `E_TARGET` when a policy has nothing to act
 * on, `E_DIALOGUE` for a history that is not one, and what {@link changeSettings} throws
 */
export function openChat(model: Model, options: ChatOptions = {}): Chat {
  if (model.format === null) {
    throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`, {
      hint: 'It may be a base model: use an instruction-tuned one, or put a chat_template.jinja beside it',
    });
  }
  return new Chat(model, model.format, options);
}

/** A dialogue that is answered turn by turn, its system prompt's share measured and, if wanted, changed. */
export class Chat {
  readonly session: Session;
  readonly onContextFull: 'error' | 'drop-oldest';
  readonly trustContent: boolean;
  /** Exchanges that were given, before the first turn. */
  readonly history: readonly Exchange[];
  readonly #turns: Turn[] = [];
  /** How many exchanges, given ones first, have left the context. */
  #oldest = 0;
  #system: string | null;
  #settings: Settings;
  #answering = false;

  constructor(
    readonly model: Model,
    private readonly format: ChatFormat,
    options: ChatOptions,
  ) {
    const {
      system = null,
      history = [],
      contextLength,
      onContextFull = 'error',
      trustContent = false,
    } = options;
    this.#system = system;
    this.history = readHistory(history);
    this.onContextFull = onContextFull;
    this.trustContent = trustContent;
    this.session = new Session(model.executor, contextLength === undefined ? {} : { contextLength });
    try {
      this.#settings = changeSettings(defaultSettings(this.session.contextLength), options, model);
      assertTarget(this.#settings, system);
    } catch (error) {
      this.session.dispose();
      throw error;
    }
  }

  /** All turns answered here, also those no longer in the context. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** The source of the template that lays the dialogue out. */
  get template(): string {
    return this.format.template.source;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get system(): string | null {
    return this.#system;
  }

  /** Another system prompt, for the whole dialogue: everything is computed anew. */
  set system(system: string | null) {
    this.#assertIdle();
    assertTarget(this.#settings, system);
    this.#system = system;
    this.session.rewind(0);
  }

  /** What the policy did in the last answer; null before the first, and without a target. */
  get receipt(): Receipt | null {
    return this.#turns.at(-1)?.receipt ?? null;
  }

  /**
   * Changes settings from the next answer on. Earlier turns stay in the cache as they were computed.
   * @throws HoldfastError as {@link openChat}, and changes nothing then
   */
  configure(changes: SettingsOptions): void {
    const settings = changeSettings(this.#settings, changes, this.model);
    assertTarget(settings, this.#system);
    this.#settings = settings;
  }

  /**
   * Answers a message, token by token. When the answer has ended it is the last of {@link turns}, and the generator's
   * return value; null when the signal came before the first token. An answer that fails, or whose loop is left
   * early, leaves the dialogue as it was.
   * @throws HoldfastError `E_BUSY` while another answer is under way; `E_CONTEXT_FULL`; `E_TARGET`; `E_UNTOUCHED`, at the
   * end, when the policy touched no row; `E_DISPOSED` when the chat is disposed of; and what laying out and forward passes
   * throw
   */
  async *answer(user: string, options: AnswerOptions = {}): AsyncGenerator<AnswerStep, Turn | null> {
    this.#assertIdle();
    this.#answering = true;
    let held = this.session.length;
    let kept = false;
    try {
      const answered = this.#turns.length;
      const number = this.history.length + answered + 1;
      const settings = withSeed(this.#settings, options.seed ?? this.#settings.sampling.seed + answered);
      const { prompt, oldest } = this.#fit(user);
      held = this.session.reuse(prompt.ids);
      const turn = yield* answerPrompt({
        session: this.session,
        tokenizer: this.format.tokenizer,
        prompt,
        steering: this.#steering(settings, prompt, number),
        signal: options.signal,
        observe: options.observe,
        cuts: options.cuts ?? [],
        turn: {
          number,
          system: this.#system,
          user,
          settings,
          dropped: Array.from({ length: oldest - this.#oldest }, (_, index) => this.#oldest + index + 1),
        },
      });
      if (turn !== null) {
        this.#turns.push(turn);
        this.#oldest = oldest;
        kept = true;
      }
      return turn;
    } finally {
      this.#answering = false;
      // What an abandoned answer computed is no part of the dialogue: a replay of it would not have it.
      if (!kept) this.#forgetFrom(held);
    }
  }

  /**
   * Answers the last message again, under the present settings and with the next seed. The last turn comes back when
   * there is no new answer.
   * @throws HoldfastError `E_DIALOGUE` when there is no answer yet, and as {@link answer}
   */
  async *retry(options: AnswerOptions = {}): AsyncGenerator<AnswerStep, Turn | null> {
    const last = this.undo();
    const seed = options.seed ?? last.settings.sampling.seed + 1;
    let turn: Turn | null = null;
    try {
      turn = yield* this.answer(last.user, { ...options, seed });
      return turn;
    } finally {
      if (turn === null) {
        this.#turns.push(last);
        this.#oldest += last.dropped.length;
      }
    }
  }

  /**
   * Answers a message on a branch, for a question that is to show something of the model without becoming a part of the
   * dialogue: when the answer has ended, everything is as it was before. Only where turns had to be left out for it, the
   * next answer computes those that stay anew.
   * @returns the turn that it would have been; null when the signal came before its first token
   * @throws HoldfastError as {@link answer}
   */
  async probe(user: string, options: AnswerOptions = {}): Promise<Turn | null> {
    const answer = this.answer(user, options);
    let next = await answer.next();
    while (!next.done) next = await answer.next();
    if (next.value !== null) this.undo();
    return next.value;
  }

  /**
   * Takes back the last turn, and what it computed.
   * @throws HoldfastError `E_DIALOGUE` when there is none, `E_BUSY` while an answer is under way
   */
  undo(): Turn {
    this.#assertIdle();
    const last = this.#turns.pop();
    if (last === undefined) throw new HoldfastError('E_DIALOGUE', 'the dialogue has no answer yet');
    this.#oldest -= last.dropped.length;
    this.#forgetFrom(last.timing.reusedTokens);
    return last;
  }

  /**
   * Lets the dialogue's cache go; the model lives on, and what was said can still be read and saved. An answer that is
   * under way ends with `E_DISPOSED` at its next token, and is not kept; its loop may be left at any time.
   */
  dispose(): void {
    this.session.dispose();
  }

  /** Forgets what was computed from a token on; a cache that is gone has nothing to forget. */
  #forgetFrom(token: number): void {
    if (!this.session.disposed) this.session.rewind(Math.min(token, this.session.length));
  }

  /** Lays the dialogue out, leaving out turns if it must and may. */
  #fit(user: string): { readonly prompt: Prompt; readonly oldest: number } {
    const { contextLength } = this.session;
    const { maxTokens } = this.#settings;
    const mayDrop = this.onContextFull === 'drop-oldest';
    for (let oldest = this.#oldest; ; oldest++) {
      const prompt = layoutPrompt(this.format, this.#messages(oldest, user), {
        trustContent: this.trustContent,
      });
      if (prompt.ids.length + maxTokens <= contextLength) return { prompt, oldest };
      if (!mayDrop || oldest >= this.history.length + this.#turns.length) {
        throw new HoldfastError(
          'E_CONTEXT_FULL',
          `a dialogue of ${prompt.ids.length} tokens and an answer of up to ${maxTokens} do not fit a context of ${contextLength}`,
          {
            hint: mayDrop
              ? 'No turn is left to leave out: shorten the message or the system prompt, or allow a shorter answer'
              : 'Open the chat with a longer context, allow a shorter answer, or let the oldest turns be left out (drop-oldest)',
          },
        );
      }
    }
  }

  #messages(oldest: number, user: string): PromptMessage[] {
    return [
      ...(this.#system === null ? [] : [{ role: 'system' as const, content: this.#system }]),
      ...[...this.history, ...this.#turns.map(exchangeOf)]
        .slice(oldest)
        .flatMap(({ user, assistant, ids }): PromptMessage[] => [
          { role: 'user', content: user },
          { role: 'assistant', content: assistant, ...(ids ? { ids } : {}) },
        ]),
      { role: 'user', content: user },
    ];
  }

  #steering(settings: Settings, prompt: Prompt, turn: number): Steering {
    // A turn under another target or system prompt says nothing about the shares of this one.
    const comparable = this.#turns.filter(
      ({ system, settings: { target } }) =>
        system === this.#system && targetName(target) === targetName(settings.target),
    );
    const before = (of: Turn | undefined): HeadShares['before'] | null => of?.shares?.heads.before ?? null;
    return createSteering({
      settings,
      grid: headGrid(this.model.executor.blueprint),
      target: targetRanges(settings, prompt),
      turn,
      held: before(comparable.find((turn) => turn.shares !== null && !policyActed(turn))),
      previous: before(comparable.at(-1)),
    });
  }

  #assertIdle(): void {
    if (this.#answering) {
      throw new HoldfastError('E_BUSY', 'the chat is in the middle of an answer', {
        hint: 'Read it to its end, or abort it, first',
      });
    }
  }
}

const exchangeOf = (turn: Turn): Exchange => ({
  user: turn.user,
  assistant: turn.assistant,
  ids: answerIds(turn),
});

const withSeed = (settings: Settings, seed: number): Settings => ({
  ...settings,
  sampling: { ...settings.sampling, seed },
});

/** A target that is only measured may be absent; one that a policy is to act on may not. */
export function targetRanges(
  { policy, target }: Settings,
  context: TargetContext,
): readonly TokenRange[] | null {
  try {
    return resolveTarget(target, context);
  } catch (error) {
    if (policy === 'off' && error instanceof HoldfastError && error.code === 'E_TARGET') return null;
    throw error;
  }
}
