// Compares an executor on a ggml device with the golden runs of the tests, and times it. For a machine that has the device:
//
//     npm install --no-save --ignore-scripts @node-llama-cpp/linux-x64-cuda@3.22.1
//     npm run build && node scripts/ggml-device.mjs ggml-cuda [MODEL ...]
//
// For each family it prints the largest error of the logits, relative to their spread (the contract allows 1e-3), and of the shares
// (1e-4), at precision f32; for each MODEL, milliseconds for a prefill of 512 tokens and for a token after it, at precision auto.
// ggml's kernels for matrices may round f32 on the way: set GGML_VK_DISABLE_F16=1 (Vulkan) or NVIDIA_TF32_OVERRIDE=0 (CUDA). Mesa's software
// device needs GGML_VK_VISIBLE_DEVICES=0 GGML_VK_SERIALIZE_SUBMISSIONS=1.
import { readFileSync } from 'node:fs';
import { EXECUTOR_TABLE } from '../dist/executors/registry.js';
import { dequantize, memorySource, openSafetensors, readTensor } from '../dist/formats/index.js';
import { loadModel } from '../dist/load.js';

const FAMILIES = [
  'llama',
  'qwen2',
  'qwen3',
  'gemma2',
  'gemma3',
  'mistral',
  'phi3',
  'smollm3',
  'olmo2',
  'granite',
];
const [executor = 'ggml-cuda', ...models] = process.argv.slice(2);
const only = process.env.FAMILIES?.split(',') ?? FAMILIES;

const say = (line) => process.stdout.write(`${line}\n`);
say(`${executor}: ${await EXECUTOR_TABLE[executor].examine()}`);
let failed = false;

for (const family of only) {
  const folder = new URL(`../test/fixtures/models/${family}/`, import.meta.url).pathname;
  const { ids, rows, cases } = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8'));
  const file = `${folder}expected.safetensors`;
  const { tensors } = await openSafetensors(memorySource(readFileSync(file), file));
  const golden = async (name) => {
    const info = tensors.get(name);
    return dequantize(info.type, await readTensor(info));
  };
  const model = await loadModel(folder, { executor, precision: 'f32' });
  const { layers, vocabSize } = model.executor.blueprint;
  const heads = layers[0].attention.heads;
  let [logitError, shareError] = [0, 0];
  const compareLogits = async (logits, name) => {
    const expected = await golden(name);
    const spread = expected.reduce((a, b) => Math.max(a, b)) - expected.reduce((a, b) => Math.min(a, b));
    for (const [at, row] of rows.entries()) {
      for (let i = 0; i < vocabSize; i++) {
        const error = Math.abs(logits[row * vocabSize + i] - expected[at * vocabSize + i]) / spread;
        logitError = Math.max(logitError, error);
      }
    }
  };
  const forward = async (extra) => {
    const sequence = model.executor.open(ids.length);
    const [result] = await model.executor.forward([{ sequence, tokens: ids, logits: 'all', ...extra }]);
    sequence.dispose();
    return result;
  };
  await compareLogits((await forward({})).logits, 'logits');
  for (const { case: number, target, policy, strength } of cases) {
    const all = typeof strength === 'number' ? Array(layers.length * heads).fill(strength) : strength.flat();
    const intervention = {
      target: [{ start: target[0], end: target[1] }],
      policy,
      strength: Float32Array.from(all),
    };
    const { logits, targetShares } = await forward({ intervention });
    await compareLogits(logits, `case${number}.logits`);
    for (const when of ['before', 'after']) {
      const expected = await golden(`case${number}.share_${when}`);
      for (const [i, share] of expected.entries()) {
        shareError = Math.max(shareError, Math.abs(share - targetShares[when][i]));
      }
    }
  }
  await model.dispose();
  const holds = logitError <= 1e-3 && shareError <= 1e-4;
  failed ||= !holds;
  say(
    `${family}: logits ${logitError.toExponential(1)}, shares ${shareError.toExponential(1)}: ${holds ? 'holds' : 'FAILS'}`,
  );
}

for (const path of models) {
  const model = await loadModel(path, { executor });
  const sequence = model.executor.open(1024);
  const timed = async (tokens) => {
    const start = performance.now();
    await model.executor.forward([{ sequence, tokens, logits: 'last' }]);
    return performance.now() - start;
  };
  const prompt = Array.from({ length: 512 }, (_, i) => 100 + (i % 400));
  await timed(prompt);
  sequence.truncate(0);
  const prefill = await timed(prompt);
  const tokens = [];
  for (let i = 0; i < 64; i++) tokens.push(await timed([100 + i]));
  const median = tokens.sort((a, b) => a - b)[32];
  say(`${path}: prefill of 512 ${prefill.toFixed(0)} ms, a token ${median.toFixed(2)} ms`);
  await model.dispose();
}
process.exitCode = failed ? 1 : 0;
