// Measures how far a quantised model's next-token distributions are from f32: the mean KL divergence in nats a token.
//
//     npm run build && node scripts/divergence.mjs IDS.json MODEL.gguf ... [--against SOURCE.gguf]
//
// IDS.json contains the tokens as `ids`, like the golden files of test/conformance. Each model at precision `auto` is compared with its
// own weights in f32; this is the cost of computing with blocks. With --against, each model at both precisions is also compared with
// the weights of SOURCE in f32; this is the cost of the mix.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { logSumExp } from '../dist/executors/index.js';
import { loadModel } from '../dist/load.js';
import { textTable } from '../dist/report/index.js';

const { values, positionals } = parseArgs({
  options: { against: { type: 'string' } },
  allowPositionals: true,
});
const [idsFile, ...models] = positionals;
const { ids } = JSON.parse(readFileSync(idsFile, 'utf8'));

/** Returns the log probabilities of every row, `[tokens, vocabulary]`. */
async function rowsOf(path, precision) {
  const loaded = await loadModel(path, { executor: 'cpu', precision });
  const sequence = loaded.executor.open(ids.length);
  const [{ logits }] = await loaded.executor.forward([{ sequence, tokens: ids, logits: 'all' }]);
  const { vocabSize } = loaded.executor.blueprint;
  await loaded.dispose();
  const rows = [];
  for (let at = 0; at < logits.length; at += vocabSize) {
    rows.push(logSoftmax(logits.subarray(at, at + vocabSize)));
  }
  return rows;
}

function logSoftmax(logits) {
  const shift = logSumExp(logits);
  return Float64Array.from(logits, (logit) => logit - shift);
}

/** Returns the mean over rows of KL(p ‖ q). */
function divergence(p, q) {
  const each = p.map((row, at) => row.reduce((sum, log, i) => sum + Math.exp(log) * (log - q[at][i]), 0));
  return each.reduce((sum, kl) => sum + kl, 0) / each.length;
}

const source = values.against === undefined ? null : await rowsOf(values.against, 'f32');
const rows = [];
for (const model of models) {
  const [exact, blocks] = [await rowsOf(model, 'f32'), await rowsOf(model, 'auto')];
  const pairs = [
    [exact, blocks],
    ...(source === null
      ? []
      : [
          [source, exact],
          [source, blocks],
        ]),
  ];
  rows.push([basename(model), ...pairs.map(([p, q]) => divergence(p, q).toFixed(5))]);
}
const heading = ['', 'own f32 ‖ auto', ...(source === null ? [] : ['source ‖ f32', 'source ‖ auto'])];
process.stdout.write(`${textTable({ heading, rows }).join('\n')}\n`);
