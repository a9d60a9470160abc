import type { Receipt } from '../attention/index.js';
import { type Guidance, headGrid, type Model, type Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { ChatFormat } from '../text/index.js';
import { answerPrompt } from './answer.js';
import { Caches, type Held } from './caches.js';
import type { AnswerOptions, ChatOptions } from './chat-options.js';
import { fitPrompt } from './fit.js';
import { type Exchange, readHistory } from './history.js';
import { layoutWithoutSystem, type PromptMessage, sharedLength } from './prompt.js';
import { assertTarget, changeSettings, defaultSettings, type Settings } from './settings.js';
import type { SettingsChanges } from './settings-options.js';
import { type SteeredRows, steeredRows, unmovedRows } from './steered-rows.js';
import { steer } from './steering.js';
import { type AnswerStep, answerIds, type Turn } from './turn.js';

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

/** A dialogue that is answered turn by turn, the prompt's share measured and, if wanted, changed. */
export class Chat {
  readonly onContextFull: 'error' | 'drop-oldest';
  readonly trustContent: boolean;
  readonly prefixFirst: boolean;
  /** Exchanges that were given, before the first turn. */
  readonly history: readonly Exchange[];
  readonly #caches: Caches;
  readonly #turns: Turn[] = [];
  /** What the rows of the dialogue's cache were computed under; null before the first. */
  #steered: SteeredRows | null = null;
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
      session = null,
      prefixFirst = false,
    } = options;
    this.#system = system;
    this.history = readHistory(history);
    this.onContextFull = onContextFull;
    this.trustContent = trustContent;
    this.prefixFirst = prefixFirst || session !== null;
    this.#caches = new Caches(model.executor, contextLength, session);
    try {
      this.#settings = changeSettings(defaultSettings(this.session.contextLength), options, model);
      assertTarget(this.#settings, system);
    } catch (error) {
      this.#caches.dispose();
      throw error;
    }
  }

  /** The dialogue's tokens and cache. */
  get session(): Session {
    return this.#caches.dialogue;
  }

  /** Tokens in the dialogue's caches. */
  get held(): Held {
    return this.#caches.held;
  }

  /** Forgets what was computed beyond so many tokens, as if it had never been; what was said stays. */
  keep(held: Held): void {
    this.#assertIdle();
    this.#caches.keep(held);
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
    this.#caches.keep({ dialogue: 0, without: 0 });
  }

  /** What the policy did in the last answer; null before the first, and without a target. */
  get receipt(): Receipt | null {
    return this.#turns.at(-1)?.receipt ?? null;
  }

  /**
   * Changes settings from the next answer on. Earlier turns stay in the cache as they were computed.
   * @throws HoldfastError as {@link openChat}, and changes nothing then
   */
  configure(changes: SettingsChanges): void {
    const settings = changeSettings(this.#settings, changes, this.model);
    assertTarget(settings, this.#system);
    this.#settings = settings;
  }

  /**
   * Answers a message, token by token. When the answer has ended it is the last of {@link turns}, and the generator's
   * return value; null when the signal came before the first token. An answer that fails, or whose loop is left
   * early, leaves the dialogue as it was.
   * @throws HoldfastError `E_BUSY` while another answer is under way; `E_CONTEXT_FULL`; `E_TARGET`; `E_UNTOUCHED`, at the
   * end, when the policy changed no share; `E_DISPOSED` when the chat is disposed of; and what laying out and forward passes
   * throw
   */
  async *answer(user: string, options: AnswerOptions = {}): AsyncGenerator<AnswerStep, Turn | null> {
    this.#assertIdle();
    this.#answering = true;
    let held = this.held;
    let kept = false;
    try {
      const answered = this.#turns.length;
      const number = this.history.length + answered + 1;
      const settings = withSeed(this.#settings, options.seed ?? this.#settings.sampling.seed + answered);
      const { prompt, messages, oldest } = this.#fit(user);
      const shared = sharedLength(prompt);
      const unmoved = this.#steered === null ? prompt.ids.length : unmovedRows(this.#steered, prompt);
      held = { ...held, dialogue: this.#caches.reuse(prompt.ids, { shared, unmoved }) };
      this.#steered = steeredRows(settings.target, prompt, prompt.ids.length);
      const guidance = this.#guidance(settings, messages);
      if (guidance) held = { ...held, without: guidance.session.reuse(guidance.prompt) };
      const turn = yield* answerPrompt({
        session: this.session,
        tokenizer: this.format.tokenizer,
        prompt,
        firstPass: this.prefixFirst ? shared : 0,
        steering: steer({
          settings,
          grid: headGrid(this.model.executor.blueprint),
          prompt,
          turn: number,
          system: this.#system,
          turns: this.#turns,
        }),
        guidance,
        signal: options.signal,
        observe: options.observe,
        watch: options.watch ?? [],
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
      if (!kept) this.#caches.keep(held);
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
    const { reusedTokens, guidance } = last.timing;
    this.#caches.keep({ dialogue: reusedTokens, without: guidance?.reusedTokens ?? this.held.without });
    return last;
  }

  /**
   * Lets the dialogue's cache go; the model lives on, and what was said can still be read and saved. An answer that is
   * under way ends with `E_DISPOSED` at its next token, and is not kept; its loop may be left at any time.
   */
  dispose(): void {
    this.#caches.dispose();
  }

  /** Lays the dialogue out, leaving out turns if it must and may. */
  #fit(user: string): ReturnType<typeof fitPrompt> {
    const exchanges = [...this.history, ...this.#turns.map(exchangeOf)];
    const room = {
      contextLength: this.session.contextLength,
      maxTokens: this.#settings.maxTokens,
      mayDrop: this.onContextFull === 'drop-oldest',
    };
    return fitPrompt(this.format, { system: this.#system, exchanges, user }, this.#oldest, room, this);
  }

  #guidance({ guidance: scale }: Settings, messages: readonly PromptMessage[]): Guidance | undefined {
    if (scale === 1) return undefined;
    return { session: this.#caches.without, prompt: layoutWithoutSystem(this.format, messages, this), scale };
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
