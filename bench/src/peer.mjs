import { openLlama, packageVersion } from './llama.mjs';

/**
 * Opens node-llama-cpp in its leanest form: one context, and one open `evaluate` per sequence, so that a step resumes
 * the generator once (`controlledEvaluate` would create a sampler for every token). Sequences that are evaluated at the
 * same time go into one batch.
 *
 * @type {import('./subject.d.ts').OpenSubject}
 */
export async function open({ model: modelPath, threads, sequences: count, contextLength, variant }) {
  const llama = await openLlama(threads, variant.gpu);
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({
    contextSize: contextLength,
    sequences: count,
    batchSize: 512,
    threads: { ideal: threads, min: threads },
    flashAttention: variant.flashAttention,
  });
  const sequences = Array.from({ length: count }, () => context.getSequence());

  /** The open generators. @type {Map<number, ReturnType<typeof sequences[0]['evaluate']>>} */
  const generations = new Map();

  /** @param {import('./subject.d.ts').Input} input */
  async function feedOne({ sequence, tokens }) {
    const ids = /** @type {import('node-llama-cpp').Token[]} */ ([...tokens]);
    const started = generations.get(sequence);
    // The fixed tokens have no end, so the peer must not stop at an end-of-turn token.
    const generation = started ?? sequences[sequence].evaluate(ids, { temperature: 0, yieldEogToken: true });
    generations.set(sequence, generation);
    const next = await (started === undefined ? generation.next() : generation.next(ids));
    if (next.done) throw new Error('node-llama-cpp ended the generation early');
    return next.value;
  }

  async function stop() {
    for (const generation of generations.values()) await generation.return();
    generations.clear();
  }

  return {
    about: {
      runtime: 'node-llama-cpp',
      version: packageVersion(),
      release: llama.llamaCppRelease.release,
      flashAttention: context.flashAttention,
      threads: context.currentThreads,
      batchSize: context.batchSize,
      system: llama.systemInfo,
    },
    feed: (inputs) => Promise.all(inputs.map(feedOne)),
    async clear() {
      await stop();
      for (const sequence of sequences) await sequence.clearHistory();
    },
    async close() {
      await stop();
      await llama.dispose();
    },
  };
}
