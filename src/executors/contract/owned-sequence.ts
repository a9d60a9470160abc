import { HoldfastError } from '../../errors.js';
import type { Sequence } from './contract.js';

/** A class of sequences. */
export type SequenceClass<Owned extends OwnedSequence> = abstract new (...given: never[]) => Owned;

/**
 * Returns a sequence as the class of those that an executor opens, if it may be used.
 * @throws HoldfastError `E_DISPOSED`; `E_EXECUTOR` if another executor opened it
 */
export function ownSequence<Owned extends OwnedSequence>(
  executor: object,
  sequence: Sequence,
  ownClass: SequenceClass<Owned>,
): Owned {
  if (!(sequence instanceof ownClass)) throw belongsElsewhere();
  sequence.assertUsableBy(executor);
  return sequence;
}

const belongsElsewhere = (): HoldfastError =>
  new HoldfastError('E_EXECUTOR', 'the sequence belongs to another executor', {
    hint: 'Use it with the executor that opened it',
  });

/** The base of every executor's sequences: tracks their owner, and whether they are in use or disposed of. */
export abstract class OwnedSequence {
  abstract readonly length: number;
  readonly contextLength: number;
  readonly #owner: object;
  #disposed = false;
  #busy = false;

  /** @throws HoldfastError `E_EXECUTOR` if the context length is not a positive whole number */
  constructor(owner: object, contextLength: number) {
    if (!Number.isSafeInteger(contextLength) || contextLength < 1) {
      throw new HoldfastError(
        'E_EXECUTOR',
        `a context length takes a whole number from 1, not ${contextLength}`,
      );
    }
    this.#owner = owner;
    this.contextLength = contextLength;
  }

  /**
   * Drops everything from token `length` on; a negative length means 0.
   * @throws HoldfastError `E_TOKEN_RANGE` if the length is not a whole number; `E_BUSY` during a forward pass or a copy,
   * which read the tokens that would be dropped
   */
  truncate(length: number): void {
    if (!Number.isInteger(length)) {
      throw new HoldfastError('E_TOKEN_RANGE', `a sequence cannot be cut to ${length} tokens`);
    }
    this.#assertFree();
    this.cut(Math.max(0, length));
  }

  /** Truncates without the checks of {@link truncate}: for the executor, also during a pass. @param length from 0 */
  abstract cut(length: number): void;

  /** @throws HoldfastError `E_DISPOSED`; `E_EXECUTOR` if another executor opened the sequence */
  assertUsableBy(executor: object): void {
    if (this.#owner !== executor) throw belongsElsewhere();
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the sequence has been disposed of');
  }

  /** Marks the sequence as in use by one call. @throws HoldfastError `E_BUSY` if another call is using it */
  acquire(): void {
    this.#assertFree();
    this.#busy = true;
  }

  #assertFree(): void {
    if (this.#busy) {
      throw new HoldfastError('E_BUSY', 'the sequence is in use by a forward pass or a copy', {
        hint: 'Await that first',
      });
    }
  }

  release(): void {
    this.#busy = false;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.cut(0);
    this.#disposed = true;
  }
}

/** A sequence with a preallocated cache: entries past its length are unused and will be overwritten. */
export abstract class CountedSequence extends OwnedSequence {
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds tokens whose entries have been written after the last one. */
  extend(tokens: number): void {
    this.#length += tokens;
  }

  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }
}
