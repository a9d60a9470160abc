import { type HeadGrid, headMask, type Target } from '../attention/index.js';
import { Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';
import { type Prompt, sharedLength } from './prompt.js';
import type { Settings } from './settings.js';
import { type SteeredRows, steeredRows, unmovedRows } from './steered-rows.js';

/** Number of tokens in a dialogue's caches. */
export interface Held {
  readonly dialogue: number;
  /** Tokens in the second cache, that of the dialogue without its system prompt. */
  readonly without: number;
}

/** The silenced heads of a turn. */
export interface Silenced {
  /** `[layers × heads]`, 1 for a silenced head; undefined for none. */
  readonly heads: Uint8Array | undefined;
}

/** Returns the silenced heads of a turn with these settings. */
export const silencedBy = ({ silence }: Pick<Settings, 'silence'>, grid: HeadGrid): Silenced => ({
  heads: silence.length === 0 ? undefined : headMask({ pairs: silence }, grid),
});

/** What a prompt finds in a cache. */
export interface Reuse {
  /** Tokens that need not be computed. */
  readonly reused: number;
  /** Tokens that the prompt has at the same places and that must be computed again. */
  readonly recomputed: number;
}

/** A dialogue's cache and, if guidance needs it, a second cache of the same dialogue without its system prompt. */
export class Caches {
  /** Whether the cache may still contain another dialogue's tokens. */
  #taken: boolean;
  /** The target that the rows in the cache were computed with; null before the first prompt. */
  #steered: SteeredRows | null = null;
  #without: Session | null = null;

  private constructor(
    readonly dialogue: Session,
    /** Whether the dialogue's session is another's, who disposes of it. */
    private readonly borrowed: boolean,
  ) {
    this.#taken = borrowed;
  }

  /**
   * @param session a session whose cached prefix is reused; null to open a new one
   * @throws HoldfastError `E_CONTEXT_FULL` for a context length that the model or the session does not support;
   * `E_EXECUTOR` for a session of another executor
   */
  static open(executor: Executor, contextLength: number | undefined, session: Session | null = null): Caches {
    if (session === null) {
      return new Caches(new Session(executor, contextLength === undefined ? {} : { contextLength }), false);
    }
    if (session.executor !== executor) {
      throw new HoldfastError('E_EXECUTOR', 'the session belongs to another executor');
    }
    if ((contextLength ?? session.contextLength) !== session.contextLength) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `the session takes ${session.contextLength} tokens, not ${contextLength}`,
        { field: 'contextLength' },
      );
    }
    return new Caches(session, true);
  }

  /** Opens copies of both caches. @throws HoldfastError what {@link Session.fork} throws */
  async fork(): Promise<Caches> {
    const [taken, steered, without] = [this.#taken, this.#steered, this.#without];
    const fork = new Caches(await this.dialogue.fork(), false);
    fork.#taken = taken;
    fork.#steered = steered;
    try {
      if (without !== null) fork.#without = await without.fork();
      return fork;
    } catch (error) {
      fork.dispose();
      throw error;
    }
  }

  /**
   * Rewinds the dialogue's cache to the tokens that a prompt can reuse: those that both begin with, but only up to the
   * first token that was computed otherwise, and only up to the shared beginning if the cache is another dialogue's.
   * @param target the target of the turn that is computed next
   * @param clean the heads that are silenced, if the cache must be that of a model without a policy; null if it may keep what
   * a policy has changed, up to the first token affected by a moved target
   */
  reuse(prompt: Prompt, target: Target, clean: Silenced | null): Reuse {
    const { reused, recomputed } = this.reusable(prompt, clean);
    this.dialogue.rewind(reused);
    this.#taken = false;
    this.#steered = steeredRows(target, prompt, prompt.ids.length);
    return { reused, recomputed };
  }

  /** Returns what {@link reuse} would, and changes nothing. */
  reusable(prompt: Prompt, clean: Silenced | null): Reuse {
    const cached = this.dialogue.commonLength(prompt.ids);
    const unmoved = this.#steered === null ? cached : unmovedRows(this.#steered, prompt);
    const valid = clean === null ? unmoved : this.dialogue.cleanLengthUnder(clean.heads);
    const reused = Math.min(cached, valid, this.#taken ? sharedLength(prompt) : cached);
    return { reused, recomputed: this.#taken ? 0 : cached - reused };
  }

  /** The session without the system prompt. Opened on first use, because it takes as much memory as the other. */
  get without(): Session {
    this.#without ??= new Session(this.dialogue.executor, { contextLength: this.dialogue.contextLength });
    return this.#without;
  }

  get held(): Held {
    return { dialogue: this.dialogue.length, without: this.#without?.length ?? 0 };
  }

  /** Rewinds each cache to at most this many tokens; does nothing after `dispose`. */
  keep(held: Held): void {
    if (this.dialogue.disposed) return;
    this.dialogue.rewind(Math.min(held.dialogue, this.dialogue.length));
    this.#without?.rewind(Math.min(held.without, this.#without.length));
  }

  dispose(): void {
    if (!this.borrowed) this.dialogue.dispose();
    this.#without?.dispose();
  }
}
