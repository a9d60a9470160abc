import { Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';

/** How many tokens a dialogue's caches hold, or are to keep. */
export interface Held {
  readonly dialogue: number;
  /** Of the dialogue without its system prompt. */
  readonly without: number;
}

/** A dialogue's cache and, once guidance wants it, that of the same dialogue without its system prompt. */
export class Caches {
  readonly dialogue: Session;
  /** What the dialogue's cache holds may be another's. */
  #taken: boolean;
  #without: Session | null = null;

  /**
   * @param session whose prefix is taken over; null: one of its own
   * @throws HoldfastError `E_CONTEXT_FULL` for a context length that the model, or the session, does not have;
   * `E_EXECUTOR` for another executor's session
   */
  constructor(
    readonly executor: Executor,
    contextLength: number | undefined,
    private readonly session: Session | null,
  ) {
    if (session !== null && session.executor !== executor) {
      throw new HoldfastError('E_EXECUTOR', 'the session belongs to another executor');
    }
    if (session !== null && (contextLength ?? session.contextLength) !== session.contextLength) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `the session takes ${session.contextLength} tokens, not ${contextLength}`,
        { field: 'contextLength' },
      );
    }
    this.dialogue = session ?? new Session(executor, contextLength === undefined ? {} : { contextLength });
    this.#taken = session !== null;
  }

  /**
   * Rewinds the dialogue's cache to what a prompt can go on from: the tokens that both have, up to the first that a
   * moved target has changed (`unmoved`), and of another dialogue's cache up to `shared`.
   * @returns how many tokens that is
   */
  reuse(
    ids: readonly number[],
    { shared, unmoved }: { readonly shared: number; readonly unmoved: number },
  ): number {
    const reused = this.dialogue.reuse(ids);
    this.dialogue.rewind(Math.min(reused, unmoved, this.#taken ? shared : reused));
    this.#taken = false;
    return this.dialogue.length;
  }

  /** Opened when it is asked for first: it takes as much memory as the other. */
  get without(): Session {
    this.#without ??= new Session(this.executor, { contextLength: this.dialogue.contextLength });
    return this.#without;
  }

  get held(): Held {
    return { dialogue: this.dialogue.length, without: this.#without?.length ?? 0 };
  }

  /** Forgets what is held beyond so many tokens; a cache that is gone has nothing to forget. */
  keep(held: Held): void {
    if (this.dialogue.disposed) return;
    this.dialogue.rewind(Math.min(held.dialogue, this.dialogue.length));
    this.#without?.rewind(Math.min(held.without, this.#without.length));
  }

  dispose(): void {
    if (this.session === null) this.dialogue.dispose();
    this.#without?.dispose();
  }
}
