/**
 * Runs the families' GGUF files through llama.cpp and prints how far its logits are from the golden ones:
 *
 *     (cd bench && npm ci) && node test/oracle/llama-cpp.mjs
 *
 * The goldens are those of f32 arithmetic; llama.cpp rounds activations to f16 where weights are f16.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const peer = new URL('../../bench/node_modules/node-llama-cpp/dist/index.js', import.meta.url);
const { getLlama, LlamaLogLevel } = await import(peer.href);
const fixtures = new URL('../fixtures/', import.meta.url);
const readJson = async (path) => JSON.parse(await readFile(new URL(path, fixtures), 'utf8'));

/** Returns a function that reads the f32 tensors of a safetensors file by name. */
async function readTensors(path) {
  const bytes = await readFile(new URL(path, fixtures));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start));
  return (name) => {
    const [from, to] = header[name].data_offsets;
    return new Float32Array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer);
  };
}

const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  // Models this small gain nothing from more threads, which spin while they wait.
  maxThreads: 1,
  logLevel: LlamaLogLevel.error,
});
const tensor = await readTensors('gguf/expected-families.safetensors');
const { greedy } = await readJson('gguf/expected-families.json');

for (const [file, { off }] of Object.entries(greedy)) {
  const { ids } = await readJson(`models/${file.split('.')[0]}/expected.json`);
  const modelPath = fileURLToPath(new URL(`gguf/${file}`, fixtures));
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 256, batchSize: 256, threads: 1 });
  const sequence = context.getSequence();
  const items = ids.map((id) => [id, { generateNext: { logits: true } }]);
  const rows = await sequence.controlledEvaluate(items);

  const expected = tensor(`${file}.logits`);
  const vocabSize = expected.length / ids.length;
  let worst = 0;
  for (const [row, result] of rows.entries()) {
    for (const [id, logit] of result.next.logits) {
      worst = Math.max(worst, Math.abs(logit - expected[row * vocabSize + id]));
    }
  }
  const spread = expected.reduce((a, b) => Math.max(a, b)) - expected.reduce((a, b) => Math.min(a, b));

  const continued = [];
  await sequence.clearHistory();
  for await (const id of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    continued.push(id);
    if (continued.length === off.length) break;
  }
  const same = continued.findIndex((id, i) => id !== off[i]);
  console.log(
    `${file}: logits within ${worst.toFixed(4)} of a spread of ${spread.toFixed(1)}, ` +
      `continuation ${same < 0 ? 'the same' : `differs from token ${same}`}`,
  );
}
