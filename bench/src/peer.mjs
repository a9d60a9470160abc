import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getLlama, LlamaLogLevel, NoBinaryFoundError } from 'node-llama-cpp';

/**
 * Opens node-llama-cpp in its leanest form: one context, one sequence, and one open `evaluate`, so that a step resumes
 * the generator once (`controlledEvaluate` would create a sampler for every token).
 *
 * @type {import('./subject.d.ts').OpenSubject}
 */
export async function open({ model: modelPath, threads, contextLength, variant }) {
  const { gpu = false } = variant;
  const llama = await getLlama({
    gpu,
    maxThreads: threads,
    // Use the packaged binary; never download or compile.
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  }).catch((cause) => {
    if (gpu === false || !(cause instanceof NoBinaryFoundError)) throw cause;
    throw new Error(`node-llama-cpp has no binary for ${gpu}: install it as described in README.md`, {
      cause,
    });
  });
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

function packageVersion() {
  const entry = fileURLToPath(import.meta.resolve('node-llama-cpp'));
  const manifest = `${entry.slice(0, entry.lastIndexOf('/dist/'))}/package.json`;
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
