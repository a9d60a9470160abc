// Compares Holdfast with llama.cpp on GGUF files: token ids, logits and greedy tokens. Exits with 1 if a difference is not
// explained.
//
//     npm run build && npm --prefix bench ci                    # once; the second command installs llama.cpp
//     node scripts/beside-llama.mjs MODEL.gguf ... [--threads 2] [--json FILE]
//
// Holdfast runs on the CPU in f32. llama.cpp runs twice: from a copy of the weights in F32, which rounds as little as it can, and from
// the file as stored, in its default settings, which round activations to 8 bits. The copy goes to the temporary folder (TMPDIR), takes
// four bytes for each weight, is made by llama.cpp's own quantiser, for which python3 must be on the PATH, and is removed afterwards.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { UsageError } from '../bench/src/options.mjs';

const USAGE = 'Usage: node scripts/beside-llama.mjs MODEL.gguf ... [--threads N] [--json FILE]';
const bench = fileURLToPath(new URL('../bench/', import.meta.url));

try {
  process.exitCode = await main(parseOptions());
} catch (error) {
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? `${USAGE}\n` : ''}`);
  process.exitCode = 2;
}

function parseOptions() {
  const { values, positionals: models } = parsed();
  if (values.help) return { help: true };
  if (models.length === 0) throw new UsageError('no model is given');
  const other = models.find((path) => !path.endsWith('.gguf') || !existsSync(path));
  if (other !== undefined) throw new UsageError(`not a GGUF file: ${other}`);
  const { threads, json } = values;
  if (!/^[1-9]\d*$/.test(threads))
    throw new UsageError(`--threads must be a whole number from 1: "${threads}"`);
  return { help: false, models, threads: Number(threads), json };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        threads: { type: 'string', default: '2' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Compares each model, prints the results and returns the exit status. */
async function main({ help, models, threads, json }) {
  if (help) {
    console.log(USAGE);
    return 0;
  }
  if (!existsSync(join(bench, 'node_modules')))
    throw new Error('llama.cpp is not installed: run `npm --prefix bench ci`');
  if (!existsSync(new URL('../dist/index.js', import.meta.url)))
    throw new Error('Holdfast is not built: run `npm run build`');
  // Loaded here: these import llama.cpp and the built Holdfast.
  const { formatPage } = await import('../bench/src/beside/page.mjs');
  const records = [];
  for (const path of models) {
    const { record, textOf } = await compareModel(path, threads);
    console.log(`${records.length > 0 ? '\n' : ''}${formatPage(record, textOf)}`);
    records.push(record);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(records, null, 2)}\n`);
  return records.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

async function compareModel(path, threads) {
  const { compare } = await import('../bench/src/beside/compare.mjs');
  const { readOurs } = await import('../bench/src/beside/ours.mjs');
  const { readPeer, SETTINGS } = await import('../bench/src/beside/peer.mjs');
  const { describeModel } = await import('../bench/src/environment.mjs');
  const step = (what) => process.stderr.write(`${path}: ${what}\n`);
  step('Holdfast, f32');
  const ours = await readOurs(path, threads);
  step('llama.cpp, from a copy in F32');
  const exact = await withF32Copy(path, (copy) => readPeer(copy, threads, SETTINGS.exact, ours));
  step('llama.cpp, as stored');
  const stored = await readPeer(path, threads, SETTINGS.stored, ours);
  const { architecture, layers, vocabSize, refused, textOf } = ours;
  const record = {
    model: { ...(await describeModel(path)), architecture, layers, vocabSize },
    llama: { version: stored.version, release: stored.release },
    threads,
    refused,
    ends: { ours: ours.ends, peer: stored.ends },
    ...compare(ours, { exact, stored }),
  };
  return { record, textOf };
}

/** Calls a function with the path of a copy of a model in F32, and removes the copy. */
async function withF32Copy(path, use) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-f32-'));
  try {
    const copy = join(folder, 'copy.gguf');
    execFileSync('python3', [join(bench, 'src/requantise.py'), path, 'F32', copy], { stdio: 'pipe' });
    return await use(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
