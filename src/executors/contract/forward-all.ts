import type { Blueprint } from '../../architectures/index.js';
import type { ForwardRequest, ForwardResult } from './contract.js';
import { type OwnedSequence, ownSequence, type SequenceClass } from './owned-sequence.js';
import { checkRequest, copyRequest } from './request.js';

/**
 * Runs a list of requests as the contract demands: copies them, checks all before running any, and restores all sequences if one
 * fails. All run at once, so that an executor can batch them.
 * @param ownClass the class of the executor's sequences
 */
export async function forwardAll<Owned extends OwnedSequence>(
  executor: object,
  blueprint: Blueprint,
  given: readonly ForwardRequest[],
  ownClass: SequenceClass<Owned>,
  run: (request: ForwardRequest, sequence: Owned) => Promise<ForwardResult>,
): Promise<ForwardResult[]> {
  const requests = given.map(copyRequest);
  const taken: { readonly sequence: Owned; readonly length: number }[] = [];
  try {
    for (const request of requests) {
      const sequence = ownSequence(executor, request.sequence, ownClass);
      checkRequest(request, blueprint);
      sequence.acquire();
      taken.push({ sequence, length: sequence.length });
    }
    const ended = await Promise.allSettled(
      requests.map((request, index) => run(request, taken[index]!.sequence)),
    );
    return ended.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
  } catch (error) {
    for (const { sequence, length } of taken) sequence.cut(length);
    throw error;
  } finally {
    for (const { sequence } of taken) sequence.release();
  }
}
