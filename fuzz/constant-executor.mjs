import {
  CountedSequence,
  copySequence,
  emptyResult,
  forwardAll,
  throwIfAborted,
  withCandidates,
} from '../dist-fuzz/executors/contract/index.js';

class ConstantSequence extends CountedSequence {}

/** An executor that checks requests as all do, computes nothing, and makes the tokens after the last one probable. */
export function constantExecutor(blueprint) {
  const executor = {
    ...{ name: 'constant', precision: 'f32', blueprint },
    open: (contextLength) => new ConstantSequence(executor, contextLength),
    copy: (sequence) =>
      copySequence(
        executor,
        sequence,
        ConstantSequence,
        ({ contextLength }) => executor.open(contextLength),
        async (from, to) => to.extend(from.length),
      ),
    forward: (requests, { signal } = {}) =>
      forwardAll(executor, blueprint, requests, ConstantSequence, (request, sequence) =>
        withCandidates(request, (plain) => run(plain, sequence, signal)),
      ),
    dispose: async () => {},
  };
  async function run(request, sequence, signal) {
    throwIfAborted(signal);
    const result = emptyResult(request, blueprint, sequence.length);
    const rows = result.logits.length / blueprint.vocabSize;
    for (let row = 0; row < rows; row++) {
      const token = request.tokens[request.tokens.length - rows + row];
      for (let ahead = 1; ahead <= 4; ahead++) {
        result.logits[row * blueprint.vocabSize + ((token + ahead) % blueprint.vocabSize)] = 8 - ahead;
      }
    }
    sequence.extend(request.tokens.length);
    return result;
  }
  return executor;
}
