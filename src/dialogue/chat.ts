import type { Receipt } from '../attention/index.js';
import { type Guidance, headGrid, type Model, type Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { ChatFormat, Moment } from '../text/index.js';
import { answerPrompt } from './answer.js';
import { type Caches, type Held, type Silenced, silencedBy } from './caches.js';
import type { AnswerOptions } from './chat-options.js';
import { type ContextUse, contextUse, fitPrompt, type Room } from './fit.js';
import type { Exchange } from './history.js';
import { layoutWithoutSystem, type PromptMessage, pastLength, sharedLength } from './prompt.js';
import { remindedMessage } from './reminder.js';
import { assertTarget, changeSettings, cleansCache, type Settings } from './settings.js';
import type { SettingsChanges } from './settings-options.js';
import { steer } from './steering.js';
import { type AnswerStep, answerIds, type Turn } from './turn.js';

/** What stays the same for the whole dialogue. */
export interface FixedOptions {
  /** Exchanges given when the chat was opened, before the first turn. */
  readonly history: readonly Exchange[];
  readonly trustContent: boolean;
  /** The date and time that the template writes if it writes one, the same in every turn. */
  readonly now: Moment;
  readonly prefixFirst: boolean;
}

/** What changes with the dialogue. */
export interface ChatState {
  readonly system: string | null;
  readonly settings: Settings;
  readonly onContextFull: 'error' | 'drop-oldest';
  readonly turns: readonly Turn[];
  /** Number of exchanges dropped from the context, history included. */
  readonly oldest: number;
}

/** A dialogue that is answered turn by turn, while the prompt's share is measured and, under a policy, changed. */
export class Chat implements FixedOptions {
  /** What to do when the context is full; may be changed between answers. */
  onContextFull: 'error' | 'drop-oldest';
  readonly history: readonly Exchange[];
  readonly trustContent: boolean;
  readonly now: Moment;
  readonly prefixFirst: boolean;
  readonly #turns: Turn[];
  #oldest: number;
  #system: string | null;
  #settings: Settings;
  #busy = false;

  /** For `openChat` and {@link fork}. */
  constructor(
    readonly model: Model,
    private readonly format: ChatFormat,
    private readonly caches: Caches,
    fixed: FixedOptions,
    state: ChatState,
  ) {
    this.history = fixed.history;
    this.trustContent = fixed.trustContent;
    this.now = fixed.now;
    this.prefixFirst = fixed.prefixFirst;
    this.onContextFull = state.onContextFull;
    this.#turns = [...state.turns];
    this.#oldest = state.oldest;
    this.#system = state.system;
    this.#settings = state.settings;
  }

  /** The dialogue's tokens and cache. */
  get session(): Session {
    return this.caches.dialogue;
  }

  /** Number of tokens in the dialogue's caches. */
  get held(): Held {
    return this.caches.held;
  }

  /** Rewinds the caches to at most this many tokens. The turns stay. */
  keep(held: Held): void {
    this.#assertIdle();
    this.caches.keep(held);
  }

  /**
   * Rewinds the caches to the tokens that each of these messages can reuse if it comes next, so that the work for one of them does
   * not depend on which came before.
   * @throws HoldfastError what layout throws
   */
  keepShared(users: readonly string[]): Held {
    this.#assertIdle();
    const settings = this.#settings;
    let { dialogue, without } = this.held;
    for (const user of users) {
      const { prompt, messages } = this.#fit(user);
      dialogue = Math.min(dialogue, this.caches.reusable(prompt, this.#cleanUnder(settings)).reused);
      const guidance = this.#guidance(settings, messages);
      if (guidance) without = Math.min(without, guidance.session.commonLength(guidance.prompt));
    }
    this.caches.keep({ dialogue, without });
    return this.held;
  }

  /** All turns answered in this chat, including those dropped from the context. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** The source of the chat template. */
  get template(): string {
    return this.format.template.source;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get system(): string | null {
    return this.#system;
  }

  /** Replaces the system prompt for the whole dialogue, which is computed again. */
  set system(system: string | null) {
    this.#assertIdle();
    assertTarget(this.#settings, system);
    this.#system = system;
    this.caches.keep({ dialogue: 0, without: 0 });
  }

  /**
   * Returns how much of the context the dialogue takes.
   * @throws HoldfastError what layout throws
   */
  contextUse(): ContextUse {
    const exchanges = [...this.history, ...this.#turns.map(exchangeOf)];
    const user = remindedMessage(this.#settings, this.#system, 'a');
    return contextUse(this.format, { system: this.#system, exchanges, user }, this.#oldest, this.#room, this);
  }

  /** What the policy did in the last answer; null before the first answer and without a target. */
  get receipt(): Receipt | null {
    return this.#turns.at(-1)?.receipt ?? null;
  }

  /**
   * Changes settings from the next answer on. Earlier turns stay in the cache as they were computed.
   * @throws HoldfastError as {@link openChat}; the settings are then unchanged
   */
  configure(changes: SettingsChanges): void {
    const settings = changeSettings(this.#settings, changes, this.model);
    assertTarget(settings, this.#system);
    this.#settings = settings;
  }

  /**
   * Answers a message, token by token. The finished turn is added to {@link turns} and is the generator's return value,
   * which is null if the signal fires before the first token. An answer that fails, or whose loop is left early, leaves
   * the dialogue unchanged.
   * @throws HoldfastError `E_BUSY` while another answer is in progress; `E_CONTEXT_FULL`; `E_TARGET`; `E_UNTOUCHED`, at
   * the end, if the executor did not apply the policy; `E_DISPOSED` when the chat is disposed of; and what layout and
   * forward passes throw
   */
  async *answer(user: string, options: AnswerOptions = {}): AsyncGenerator<AnswerStep, Turn | null> {
    this.#assertIdle();
    this.#busy = true;
    let held = this.held;
    let kept = false;
    try {
      const answered = this.#turns.length;
      const number = this.history.length + answered + 1;
      const settings = withSeed(this.#settings, options.seed ?? this.#settings.sampling.seed + answered);
      const { prompt, messages, oldest } = this.#fit(user);
      const isClean = cleansCache(settings);
      const cleanLength = isClean ? pastLength(prompt) : 0;
      const clean = this.#cleanUnder(settings);
      const { reused, recomputed } = this.caches.reuse(prompt, settings.target, clean);
      held = { ...held, dialogue: Math.max(reused, cleanLength) };
      const guidance = this.#guidance(settings, messages);
      if (guidance) held = { ...held, without: guidance.session.reuse(guidance.prompt) };
      const choosing = prompt.ids.length - 1;
      const steering = steer({
        settings,
        grid: headGrid(this.model.executor.blueprint),
        prompt,
        rows: { first: held.dialogue, choosing, end: choosing + settings.maxTokens },
        turn: number,
        system: this.#system,
        turns: this.#turns,
        live: options.strength ?? null,
      });
      if (steering.notice !== null) options.notify?.(steering.notice);
      const turn = yield* answerPrompt({
        session: this.session,
        tokenizer: this.format.tokenizer,
        prompt,
        cuts: this.prefixFirst ? [sharedLength(prompt)] : [],
        cleanLength,
        steering,
        guidance,
        begin: options.begin ?? [],
        signal: options.signal,
        observe: options.observe,
        watch: options.watch ?? [],
        turn: {
          number,
          system: this.#system,
          user,
          settings,
          cleaned: isClean ? { tokens: cleanLength, recomputed } : null,
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
      this.#busy = false;
      // Drop what an abandoned answer computed: a replay would not have it in its cache.
      if (!kept) this.caches.keep(held);
    }
  }

  /**
   * Answers the last message again, with the current settings and the next seed. Restores the last turn if there is no
   * new answer.
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
   * Answers a message on a branch, to test the model with a question that does not become part of the dialogue. The
   * dialogue is unchanged afterwards. If turns had to be dropped for the probe, the next answer computes the others again.
   * @returns the turn as it would have been; null if the signal fires before the first token
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
   * Opens a second chat at this point of the dialogue, with a copy of the cache, so that nothing is computed again. Each goes
   * its own way; the caller disposes of both.
   * @throws HoldfastError `E_BUSY` while an answer is in progress; `E_DISPOSED`; `E_EXECUTOR` if there is no memory for the copy
   */
  async fork(): Promise<Chat> {
    this.#assertIdle();
    const state: ChatState = {
      system: this.#system,
      settings: this.#settings,
      onContextFull: this.onContextFull,
      turns: [...this.#turns],
      oldest: this.#oldest,
    };
    this.#busy = true;
    try {
      return new Chat(this.model, this.format, await this.caches.fork(), this, state);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Removes the last turn and its part of the cache, and returns it.
   * @throws HoldfastError `E_DIALOGUE` when there is none, `E_BUSY` while an answer is in progress
   */
  undo(): Turn {
    this.#assertIdle();
    const last = this.#turns.pop();
    if (last === undefined) throw new HoldfastError('E_DIALOGUE', 'the dialogue has no answer yet');
    this.#oldest -= last.dropped.length;
    const { cleaned, timing } = last;
    // What was computed without the policy belongs to the dialogue, not to the answer.
    this.caches.keep({
      dialogue: Math.max(timing.reusedTokens, cleaned?.tokens ?? 0),
      without: timing.guidance?.reusedTokens ?? this.held.without,
    });
    return last;
  }

  /**
   * Frees the dialogue's cache. The model stays loaded, and the turns can still be read and saved. An answer in progress
   * fails with `E_DISPOSED` at its next token and is not kept.
   */
  dispose(): void {
    this.caches.dispose();
  }

  /** The silenced heads under which the cache must be that of a model without a policy; null if it may keep what a policy changed. */
  #cleanUnder(settings: Settings): Silenced | null {
    return cleansCache(settings) ? silencedBy(settings, headGrid(this.model.executor.blueprint)) : null;
  }

  /** Lays out the dialogue, dropping turns if necessary and allowed. */
  #fit(user: string): ReturnType<typeof fitPrompt> {
    const exchanges = [...this.history, ...this.#turns.map(exchangeOf)];
    const asked = remindedMessage(this.#settings, this.#system, user);
    const dialogue = { system: this.#system, exchanges, user: asked };
    return fitPrompt(this.format, dialogue, this.#oldest, this.#room, this);
  }

  get #room(): Room {
    return {
      contextLength: this.session.contextLength,
      maxTokens: this.#settings.maxTokens,
      mayDrop: this.onContextFull === 'drop-oldest',
    };
  }

  #guidance({ guidance: scale }: Settings, messages: readonly PromptMessage[]): Guidance | undefined {
    if (scale === 1) return undefined;
    return { session: this.caches.without, prompt: layoutWithoutSystem(this.format, messages, this), scale };
  }

  #assertIdle(): void {
    if (this.#busy) {
      throw new HoldfastError('E_BUSY', 'the chat has an answer or a fork in progress', {
        hint: 'Read the answer to its end, or abort it, or await the fork, first',
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
