import { HoldfastError } from '../../errors.js';

/** What every executor's sequences keep track of beside their cache: whose they are, and whether they may be used. */
export abstract class OwnedSequence {
  abstract readonly length: number;
  readonly contextLength: number;
  readonly #owner: object;
  #disposed = false;
  #busy = false;

  /** @throws HoldfastError `E_EXECUTOR` when the context is not a positive whole number of tokens. */
  constructor(owner: object, contextLength: number) {
    if (!Number.isSafeInteger(contextLength) || contextLength < 1) {
      throw new HoldfastError(
        'E_EXECUTOR',
        `a context of ${contextLength} tokens is not one: give a whole number from 1`,
      );
    }
    this.#owner = owner;
    this.contextLength = contextLength;
  }

  /** Forgets everything from token `length` on; a number below 0 counts as 0. */
  abstract truncate(length: number): void;

  /** @throws HoldfastError `E_DISPOSED`; `E_EXECUTOR` when another executor made the sequence. */
  assertUsableBy(executor: object): void {
    if (this.#owner !== executor) {
      throw new HoldfastError('E_EXECUTOR', 'the sequence belongs to another executor', {
        hint: 'Open it with the executor that runs it',
      });
    }
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the sequence has been disposed of');
  }

  /** Marks the sequence as used by one call. @throws HoldfastError `E_BUSY` when another call has it. */
  acquire(): void {
    if (this.#busy) {
      throw new HoldfastError('E_BUSY', 'the sequence is in use by another forward pass', {
        hint: 'Wait for the pass before the next one',
      });
    }
    this.#busy = true;
  }

  release(): void {
    this.#busy = false;
  }

  dispose(): void {
    this.truncate(0);
    this.#disposed = true;
  }
}

/** A sequence whose cache lies in memory of a fixed place: what is behind its length is forgotten, and written over. */
export abstract class CountedSequence extends OwnedSequence {
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes in tokens that were written behind the last one. */
  extend(tokens: number): void {
    this.#length += tokens;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, Math.max(0, length));
  }
}
