import { loadModel } from 'holdfast';
import { checkSampling, createSampler } from 'holdfast/engine';
import { SYSTEM_PREFIX, spansUpTo } from './dialogue.mjs';
import { SYSTEM_PREFIX_TOKENS } from './workload.mjs';

/**
 * Opens one of Holdfast's executors. Each `feed` is one `forward`, and picks the last row's greedy token as a chat does;
 * depending on the variant, it also measures the shares of the dialogue's spans and applies split-softmax to the prefix,
 * in all layers and heads.
 *
 * @type {import('./subject.d.ts').OpenSubject}
 */
export async function open({ model, threads, sequences: count, contextLength, variant }) {
  const { executor: name = 'cpu' } = variant;
  const loaded = await loadModel(model, { executor: name, ...(name === 'gpu' ? {} : { threads }) });
  const { executor } = loaded;
  const sequences = Array.from({ length: count }, () => executor.open(contextLength));
  const intervention = splitSoftmax(executor.blueprint, variant.splitSoftmax);
  const sampler = createSampler(checkSampling({ temperature: 0 }), executor.blueprint.vocabSize);
  /** @type {import('holdfast/executors').ForwardRequest['logits']} */
  const logits = sampler.wanted ?? 'last';

  return {
    about: {
      runtime: 'holdfast',
      executor: executor.name,
      precision: executor.precision,
      threads,
      ...variant,
    },
    async feed(inputs) {
      const requests = inputs.map(({ sequence: index, tokens }) => {
        const sequence = sequences[index];
        const spans = variant.measured ? spansUpTo(sequence.length + tokens.length) : undefined;
        return { sequence, tokens, logits, spans, intervention };
      });
      const results = await executor.forward(requests);
      return results.map((result, index) => {
        const { sequence, spans } = requests[index];
        if (spans !== undefined) requireWholeRow(result.spanShares?.after, spans.length);
        // Rows inside the target are not changed, so a piece that ends there touches no row.
        if (intervention !== undefined && sequence.length > SYSTEM_PREFIX_TOKENS)
          requireChanged(result.targetShares, executor.blueprint.layers.length);
        return sampler.next(result, []).id;
      });
    },
    async clear() {
      for (const sequence of sequences) sequence.truncate(0);
    },
    async close() {
      for (const sequence of sequences) sequence.dispose();
      await loaded.dispose();
    },
  };
}

/**
 * @param {import('holdfast/architectures').Blueprint} blueprint
 * @param {number | undefined} k
 * @returns {import('holdfast/executors').Intervention | undefined}
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
 * Checks that shares were really measured: the newest row of the last layer's last head must sum to one over the spans,
 * which cover the whole sequence.
 *
 * @param {Float32Array | undefined} shares [layers, heads, new tokens, spans]
 * @param {number} spanCount
 */
function requireWholeRow(shares, spanCount) {
  const sum = shares?.subarray(-spanCount).reduce((total, share) => total + share, 0);
  if (sum === undefined || Math.abs(sum - 1) > 1e-3) {
    throw new Error(`shares of the ${spanCount} spans do not sum to 1: ${sum}`);
  }
}

/**
 * Checks that split-softmax changed rows in every layer.
 *
 * @param {{ before: Float32Array, after: Float32Array } | undefined} shares of the target, [layers, heads, new tokens]
 * @param {number} layers
 */
function requireChanged(shares, layers) {
  const { before, after } = shares ?? { before: [], after: [] };
  const perLayer = before.length / layers;
  for (let layer = 0; layer < layers; layer++) {
    const from = layer * perLayer;
    const changed = before.slice(from, from + perLayer).some((share, i) => share !== after[from + i]);
    if (!changed) throw new Error(`split-softmax did not change rows in layer ${layer}`);
  }
}
