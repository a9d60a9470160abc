// Runs a pass in one thread after the other, and says at the end whether ggml's libraries are still loaded.
import { readFileSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';

if (isMainThread) {
  for (let thread = 0; thread < 6; thread++) {
    await new Promise((resolve, reject) => {
      new Worker(new URL(import.meta.url)).on('exit', resolve).on('error', reject);
    });
  }
  const loaded = readFileSync('/proc/self/maps', 'utf8').includes('libggml-base');
  process.stdout.write(loaded ? 'loaded' : 'unloaded');
} else {
  const { loadModel } = await import('../../dist/index.js');
  const model = await loadModel('organism', { executor: 'cpu' });
  const sequence = model.executor.open(64);
  await model.executor.forward([{ sequence, tokens: [1, 2, 3], logits: 'last' }]);
  await model.dispose();
}
