import { openLlama, packageVersion } from './llama.mjs';

/**
 * Opens node-llama-cpp in its leanest form: one context, one sequence, and one open `evaluate`, so that a step resumes
 * the generator once (`controlledEvaluate` would create a sampler for every token).
 *
 * @type {import('./subject.d.ts').OpenSubject}
 */
export async function open({ model: modelPath, threads, contextLength, variant }) {
  const llama = await openLlama(threads, variant.gpu);
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({
    contextSize: contextLength,
    sequences: 1,
    batchSize: 512,
    threads: { ideal: threads, min: threads },
    flashAttention: variant.flashAttention,
  });
  const sequence = context.getSequence();

  /** @type {ReturnType<typeof sequence.evaluate> | undefined} */
  let generation;

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
    async feed(tokens) {
      const ids = /** @type {import('node-llama-cpp').Token[]} */ ([...tokens]);
      const started = generation !== undefined;
      // The fixed tokens have no end, so the peer must not stop at an end-of-turn token.
      generation ??= sequence.evaluate(ids, { temperature: 0, yieldEogToken: true });
      const next = await (started ? generation.next(ids) : generation.next());
      if (next.done) throw new Error('node-llama-cpp ended the generation early');
      return next.value;
    },
    async clear() {
      await generation?.return();
      generation = undefined;
      await sequence.clearHistory();
    },
    async close() {
      await generation?.return();
      await llama.dispose();
    },
  };
}
