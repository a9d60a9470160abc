import { checkSampling, createSampler, loadModel } from 'holdfast';
import { SYSTEM_PREFIX, spansUpTo } from './dialogue.mjs';
import { SYSTEM_PREFIX_TOKENS } from './workload.mjs';

/**
 * Holdfast's CPU or GPU executor, fed piece by piece: the last row's greedy token, asked for as a chat does, and when
 * wanted the shares of a dialogue's spans and split-softmax on its system prefix, in all layers and heads.
 *
 * @type {import('./subject.d.ts').OpenSubject}
 */
export async function open({ model, threads, contextLength, variant }) {
  const { executor: name = 'cpu' } = variant;
  const loaded = await loadModel(model, { executor: name, ...(name === 'cpu' ? { threads } : {}) });
  const { executor } = loaded;
  const sequence = executor.open(contextLength);
  const intervention = splitSoftmax(executor.blueprint, variant.splitSoftmax);
  const sampler = createSampler(checkSampling({ temperature: 0 }), executor.blueprint.vocabSize);
  const logits = sampler.wanted ?? 'last';

  return {
    about: {
      runtime: 'holdfast',
      executor: executor.name,
      precision: executor.precision,
      threads,
      ...variant,
    },
    async feed(tokens) {
      const spans = variant.measured ? spansUpTo(sequence.length + tokens.length) : undefined;
      const [result] = await executor.forward([{ sequence, tokens, logits, spans, intervention }]);
      if (spans !== undefined) requireWholeRow(result.spanShares?.after, spans.length);
      // Rows inside the target are left alone, so a piece that ends in it touches nothing.
      if (intervention !== undefined && sequence.length > SYSTEM_PREFIX_TOKENS)
        requireTouched(result.touched);
      return sampler.next(result, []).id;
    },
    async clear() {
      sequence.truncate(0);
    },
    async close() {
      sequence.dispose();
      await loaded.dispose();
    },
  };
}

/**
 * @param {import('holdfast').Blueprint} blueprint
 * @param {number | undefined} k
 * @returns {import('holdfast').Intervention | undefined}
 */
function splitSoftmax({ layers }, k) {
  if (k === undefined) return undefined;
  const headCount = layers.reduce((sum, { attention }) => sum + attention.heads, 0);
  return {
    target: SYSTEM_PREFIX,
    policy: 'split-softmax',
    strength: new Float32Array(headCount).fill(k), // [layers, heads]
  };
}

/**
 * A runtime that is fast because it did not measure must not win: the newest row of the last layer's last head
 * has to sum to one over the spans, which cover the whole sequence.
 *
 * @param {Float32Array | undefined} shares [layers, heads, new tokens, spans]
 * @param {number} spanCount
 */
function requireWholeRow(shares, spanCount) {
  const sum = shares?.subarray(-spanCount).reduce((total, share) => total + share, 0);
  if (sum === undefined || Math.abs(sum - 1) > 1e-3) {
    throw new Error(`Shares of ${spanCount} spans covering the sequence sum to ${sum}, not to 1`);
  }
}

/** @param {Int32Array | undefined} touched rows × heads changed, per layer */
function requireTouched(touched) {
  if (!touched?.every((count) => count > 0)) {
    throw new Error(`Split-softmax was asked for in every layer; rows touched per layer: ${touched}`);
  }
}
