#!/usr/bin/env node
/**
 * Compares ggml's libraries for different processors that run on this one: which give the same bits, and how far the others
 * are apart. Each runs in a process of its own (`HOLDFAST_GGML_CPU`), the same tokens with split-softmax, at each precision;
 * then 200 greedy tokens.
 *
 *     npm run build && node scripts/cpu-variants.mjs [MODEL ...]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { libraryFolder, variantOf } from '../dist/executors/ggml/library.js';
import { loadModel } from '../dist/load.js';

const PRECISIONS = ['f32', 'auto'];
const TOKENS = 96;
const GREEDY = 200;

if (process.argv[2] === '--child') await child(process.argv[3]);
else for (const model of process.argv.length > 2 ? process.argv.slice(2) : ['organism']) compare(model);

/** Runs a model in this process, and prints what it gives. */
async function child(name) {
  const found = {};
  for (const precision of PRECISIONS) {
    const model = await loadModel(name, { executor: 'cpu', precision, threads: 1 });
    const { executor } = model;
    const { layers, vocabSize } = executor.blueprint;
    const tokens = Array.from({ length: TOKENS }, (_, at) => 1 + ((at * 7919) % (vocabSize - 1)));
    const strength = new Float32Array(layers.length * layers[0].attention.heads).fill(0.7);
    const intervention = { target: [{ start: 0, end: 16 }], policy: 'split-softmax', strength };
    const sequence = executor.open(TOKENS + GREEDY);
    const forward = async (added) =>
      (await executor.forward([{ sequence, tokens: added, logits: 'last', intervention }]))[0];
    const { logits, targetShares } = await forward(tokens);
    const greedy = [];
    for (let last = logits; greedy.length < GREEDY; ) {
      greedy.push(last.indexOf(Math.max(...last)));
      last = (await forward(greedy.slice(-1))).logits;
    }
    found[precision] = {
      device: executor.device,
      logits: [...logits],
      shares: [...targetShares.after],
      greedy,
    };
    await model.dispose();
  }
  process.stdout.write(JSON.stringify(found));
}

/** Compares what the libraries give for a model. */
function compare(model) {
  const variants = readdirSync(libraryFolder(`${process.platform} ${process.arch}`))
    .map(variantOf)
    .filter((variant) => variant !== undefined);
  const found = new Map();
  const not = [];
  for (const variant of variants) {
    try {
      const env = { ...process.env, HOLDFAST_GGML_CPU: variant };
      const words = [fileURLToPath(import.meta.url), '--child', model];
      const text = execFileSync(process.execPath, words, {
        env,
        maxBuffer: 2 ** 28,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      found.set(variant, JSON.parse(text));
    } catch (error) {
      if (!/HOLDFAST_GGML_CPU asks for it/.test(String(error.stderr))) throw error;
      not.push(variant);
    }
  }
  console.log(
    `${model}: ${[...found.keys()].join(', ')}; not on this processor: ${not.join(', ') || 'none'}`,
  );
  for (const precision of PRECISIONS) {
    const groups = new Map();
    for (const [variant, { [precision]: result }] of found) {
      if (result.device !== variant) throw new Error(`asked for ${variant}, ran ${result.device}`);
      const bits = createHash('sha256')
        .update(JSON.stringify([result.logits, result.shares, result.greedy]))
        .digest('hex');
      groups.set(bits, [...(groups.get(bits) ?? []), variant]);
    }
    const [first, ...others] = [...groups.values()];
    // The digest of the bits, to compare with another machine's.
    const named = [...groups].map(([bits, names]) => `${names.join(' = ')} (${bits.slice(0, 12)})`);
    console.log(`  ${precision}: same bits: ${named.join(' | ')}`);
    const base = found.get(first[0])[precision];
    const spread = Math.max(...base.logits) - Math.min(...base.logits);
    for (const [variant] of others) {
      const other = found.get(variant)[precision];
      const apart = (a, b) => a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at])), 0);
      const same = base.greedy.findIndex((token, at) => token !== other.greedy[at]);
      console.log(
        `    ${variant} beside ${first[0]}: logits ${(apart(base.logits, other.logits) / spread).toExponential(1)} of their spread, ` +
          `shares ${apart(base.shares, other.shares).toExponential(1)}, ` +
          `greedy tokens equal: ${same < 0 ? `all ${GREEDY}` : `the first ${same}`}`,
      );
    }
  }
}
