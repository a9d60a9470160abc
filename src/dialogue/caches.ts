import { Session } from '../engine/index.js';
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
  #without: Session | null = null;

  /** @throws HoldfastError `E_CONTEXT_FULL` for a context length that the model does not have */
  constructor(
    readonly executor: Executor,
    contextLength: number | undefined,
  ) {
    this.dialogue = new Session(executor, contextLength === undefined ? {} : { contextLength });
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
    this.dialogue.dispose();
    this.#without?.dispose();
  }
}
