// Measures how far an executor at a precision is from f32 on a dialogue: in next-token distributions (the mean KL divergence in nats a
// token) and in the system message's share of attention (over layers, heads and rows after the system message).
//
//     npm run build && node scripts/divergence.mjs DIALOGUE.json MODEL ... [--executors cpu,onnx] [--precisions auto,q8]
//                      [--against SOURCE] [--threads N]
//
// DIALOGUE.json contains `messages`. A model without a chat template reads their contents as one text. Each model is compared with its
// own weights in f32 on the cpu executor; this is the cost of computing with blocks, rounded activations and an f16 cache. With
// --against, the divergence is also given from the weights of SOURCE in f32; this includes the cost of the mix.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { logSumExp } from '../dist/executors/index.js';
import { loadModel } from '../dist/load.js';
import { textTable } from '../dist/report/index.js';
import { currentMoment, layoutDialogue } from '../dist/text/index.js';

const { values, positionals } = parseArgs({
  options: {
    executors: { type: 'string', default: 'cpu' },
    precisions: { type: 'string', default: 'auto' },
    against: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
const [dialogueFile, ...models] = positionals;
const { messages } = JSON.parse(readFileSync(dialogueFile, 'utf8'));
const threads = Number(values.threads);

/** Rows of logits that are in memory at a time. */
const ROWS = 64;

/** Opens a model, with a sequence for the dialogue. */
async function open(path, executor, precision, length) {
  const model = await loadModel(path, { executor, precision, threads });
  return { model, sequence: model.executor.open(length) };
}

/** Returns the dialogue's tokens and the range of the system message's words. */
function layoutOf({ tokenizer, format }) {
  if (format !== null) {
    const { ids, spans } = layoutDialogue(format, messages, {
      addGenerationPrompt: false,
      now: currentMoment(),
    });
    const { start, end } = spans.find(({ role }) => role === 'system');
    return { ids, target: { start, end } };
  }
  const [system, ...others] = messages.map(({ content }) => content);
  const sink = tokenizer.addsBos ? [tokenizer.bos.id] : [];
  const head = [...sink, ...tokenizer.encode(`${system}\n\n`)];
  const ids = [...head, ...tokenizer.encode(others.join('\n\n'))];
  return { ids, target: { start: sink.length, end: head.length } };
}

async function rowsOf({ model, sequence }, tokens, target) {
  const { executor } = model;
  const [result] = await executor.forward([{ sequence, tokens, logits: 'all', spans: [target] }]);
  const { vocabSize } = executor.blueprint;
  const logs = [];
  for (let at = 0; at < result.logits.length; at += vocabSize) {
    const logits = result.logits.subarray(at, at + vocabSize);
    const shift = logSumExp(logits);
    logs.push(Float64Array.from(logits, (logit) => logit - shift));
  }
  return { logs, shares: result.spanShares.before };
}

/** KL(p ‖ q) of rows of log probabilities, summed over rows. */
function divergence(p, q) {
  let sum = 0;
  for (const [at, row] of p.entries()) {
    for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]) * (row[i] - q[at][i]);
  }
  return sum;
}

/** The errors of shares `[pairs, rows]`: of every head, and of the mean over the heads of every row. */
function shareErrors(exact, found, rows, first) {
  const pairs = exact.length / rows;
  const [single, means] = [[], []];
  for (let row = first; row < rows; row++) {
    let mean = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const error = found[pair * rows + row] - exact[pair * rows + row];
      single.push(Math.abs(error));
      mean += error / pairs;
    }
    means.push(Math.abs(mean));
  }
  return { single, means };
}

function summary(errors) {
  const sorted = Float64Array.from(errors).sort();
  const mean = sorted.reduce((sum, error) => sum + error, 0) / sorted.length;
  return [mean, sorted[Math.floor(0.99 * sorted.length)], sorted.at(-1)].map((error) => error.toPrecision(2));
}

const table = [];
for (const path of models) {
  const exact = await open(path, 'cpu', 'f32', 4096);
  const { ids, target } = layoutOf(exact.model);
  const source = values.against === undefined ? null : await open(values.against, 'cpu', 'f32', 4096);
  const subjects = [];
  for (const executor of values.executors.split(',')) {
    for (const precision of values.precisions.split(',')) {
      const subject = await open(path, executor, precision, 4096);
      subjects.push({
        name: `${executor} ${precision}`,
        ...subject,
        own: 0,
        whole: 0,
        single: [],
        means: [],
      });
    }
  }
  for (let at = 0; at < ids.length; at += ROWS) {
    const tokens = ids.slice(at, at + ROWS);
    const expected = await rowsOf(exact, tokens, target);
    const from = source === null ? null : await rowsOf(source, tokens, target);
    for (const subject of subjects) {
      const found = await rowsOf(subject, tokens, target);
      subject.own += divergence(expected.logs, found.logs);
      if (from !== null) subject.whole += divergence(from.logs, found.logs);
      const first = Math.min(tokens.length, Math.max(0, target.end - at));
      const { single, means } = shareErrors(expected.shares, found.shares, tokens.length, first);
      for (const error of single) subject.single.push(error);
      subject.means.push(...means);
    }
  }
  for (const { name, own, whole, single, means, model } of subjects) {
    table.push([
      `${basename(path)} ${name} (${model.executor.precision})`,
      ids.length,
      (own / ids.length).toPrecision(2),
      ...(source === null ? [] : [(whole / ids.length).toPrecision(2)]),
      summary(single).join(', '),
      summary(means).join(', '),
    ]);
    await model.dispose();
  }
  await exact.model.dispose();
  await source?.model.dispose();
}
const heading = [
  ...['', 'tokens', 'KL from own f32'],
  ...(values.against === undefined ? [] : ['KL from the source']),
  ...['share of a head: mean, p99, max', 'mean over heads: mean, p99, max'],
];
process.stdout.write(`${textTable({ heading, rows: table.map((row) => row.map(String)) }).join('\n')}\n`);
