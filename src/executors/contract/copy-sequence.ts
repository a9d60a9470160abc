import type { Sequence } from './contract.js';
import { type OwnedSequence, ownSequence, type SequenceClass } from './owned-sequence.js';

/**
 * Copies a sequence as the contract demands: checks it, and keeps it from changing meanwhile.
 * @param ownClass the class of the executor's sequences
 * @param open opens an empty sequence for the copy
 * @param fill copies all tokens of the first sequence into the second, which is empty
 */
export async function copySequence<Owned extends OwnedSequence>(
  executor: object,
  given: Sequence,
  ownClass: SequenceClass<Owned>,
  open: (from: Owned) => Owned,
  fill: (from: Owned, to: Owned) => Promise<void>,
): Promise<Owned> {
  const from = ownSequence(executor, given, ownClass);
  from.acquire();
  try {
    const to = open(from);
    try {
      await fill(from, to);
      from.assertUsableBy(executor);
      return to;
    } catch (error) {
      to.dispose();
      throw error;
    }
  } finally {
    from.release();
  }
}
