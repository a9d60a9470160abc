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

const USAGE = 'Usage: node scripts/beside-llama.mjs MODEL.gguf ... [--threads N] [--json FILE]';
const bench = fileURLToPath(new URL('../bench/', import.meta.url));

const { values, positionals: models } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const threads = Number(values.threads);
const unreadable = models.find((path) => !path.endsWith('.gguf') || !existsSync(path));
const problem =
  models.length === 0
    ? 'no model is given'
    : unreadable !== undefined
      ? `not a GGUF file: ${unreadable}`
      : !Number.isInteger(threads) || threads < 1
        ? `--threads must be a whole number from 1: "${values.threads}"`
        : null;
if (problem !== null) stop(`${problem}\n${USAGE}`);
if (!existsSync(join(bench, 'node_modules'))) stop('llama.cpp is not installed: run `npm --prefix bench ci`');
if (!existsSync(new URL('../dist/index.js', import.meta.url)))
  stop('Holdfast is not built: run `npm run build`');

const { compare } = await import('../bench/src/beside/compare.mjs');
const { readOurs } = await import('../bench/src/beside/ours.mjs');
const { formatPage } = await import('../bench/src/beside/page.mjs');
const { readPeer, SETTINGS } = await import('../bench/src/beside/peer.mjs');
const { describeModel } = await import('../bench/src/environment.mjs');

const records = [];
for (const path of models) {
  const step = (what) => process.stderr.write(`${path}: ${what}\n`);
  step('Holdfast, f32');
  const ours = await readOurs(path, threads);
  step('llama.cpp, from a copy in F32');
  const exact = await withF32Copy(path, (copy) => readPeer(copy, threads, SETTINGS.exact, ours));
  step('llama.cpp, as stored');
  const stored = await readPeer(path, threads, SETTINGS.stored, ours);
  const { architecture, layers, vocabSize, refused } = ours;
  const record = {
    model: { ...(await describeModel(path)), architecture, layers, vocabSize },
    llama: { version: stored.version, release: stored.release },
    threads,
    refused,
    ends: { ours: ours.ends, peer: stored.ends },
    ...compare(ours, { exact, stored }),
  };
  console.log(`${records.length > 0 ? '\n' : ''}${formatPage(record, ours.textOf)}`);
  records.push(record);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(records, null, 2)}\n`);
process.exitCode = records.some(({ faults }) => faults.length > 0) ? 1 : 0;

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

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
