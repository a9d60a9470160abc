// Measures the tokens per second of studies that run 1, 4, 8 and 16 dialogues at once.
//
//     npm run build && node scripts/study-speed.mjs [--model organism] [--precision auto] [--executor cpu]
//         [--jobs 2] [--batches 1,4,8,16] [--dialogues 32] [--rounds 8] [--runs 3]
//
// Each batch runs the same study in a new folder, in turns, so that a busy spell of the machine meets them all. Writes a
// table: the median tokens per second, its ratio to the first batch, the part of the time outside the executor, and
// whether the results have the same bytes as those of the first batch.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'organism' },
    precision: { type: 'string', default: 'auto' },
    executor: { type: 'string', default: 'cpu' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    batches: { type: 'string', default: '1,4,8,16' },
    dialogues: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '8' },
    runs: { type: 'string', default: '3' },
  },
});
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-speed-'));
const rounds = Number(values.rounds);
const batches = values.batches.split(',').map(Number);
// The organism's trials have users and probes for every model; only their language is the organism's.
const spec = `name: speed
now: 2026-01-31
models:
  - { path: ${JSON.stringify(values.model)}, executor: ${values.executor}, precision: ${values.precision} }
sources:
  - organism: { dialogues: ${values.dialogues}, rounds: ${rounds} }
max-tokens: 64
probes: every
arms: [off, { split-softmax: 0.5 }]
costs: none
analysis: { early: [1, 1], late: [${Math.ceil(rounds / 2) + 1}, ${rounds}] }
`;

function measure(batch, out) {
  const args = ['study', 'run', join(folder, 'speed.yaml'), '--jobs', values.jobs, '--batch', batch];
  const text = execFileSync(process.execPath, [command, ...args.map(String), '--out', out, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  const { decodedTokens, elapsedMs, outsideExecutor } = JSON.parse(text);
  const sha256 = createHash('sha256')
    .update(readFileSync(join(out, 'results.jsonl')))
    .digest('hex');
  return { speed: (1000 * decodedTokens) / elapsedMs, outside: outsideExecutor, sha256 };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

try {
  writeFileSync(join(folder, 'speed.yaml'), spec);
  const measured = batches.map(() => []);
  for (let run = 0; run < Number(values.runs); run++) {
    for (const [index, batch] of batches.entries()) {
      measured[index].push(measure(batch, join(folder, `${run}-${batch}`)));
    }
  }
  const speeds = measured.map((runs) => median(runs.map(({ speed }) => speed)));
  const first = measured[0][0].sha256;
  console.log(
    '| batch | tokens/s | × | outside the executor | same bytes |\n| ---: | ---: | ---: | ---: | --- |',
  );
  for (const [index, batch] of batches.entries()) {
    const outside = median(measured[index].map(({ outside }) => outside));
    const same = measured[index].every(({ sha256 }) => sha256 === first) ? 'yes' : 'no';
    const ratio = (speeds[index] / speeds[0]).toFixed(2);
    console.log(
      `| ${batch} | ${speeds[index].toFixed(0)} | ${ratio} | ${(100 * outside).toFixed(1)} % | ${same} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
