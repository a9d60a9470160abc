// Compares one worker of a queue with two, each with one thread: the time of a study.
//
//     npm run build && node scripts/queue-speed.mjs [--dialogues 96] [--runs 3]
//     npm run build && node scripts/queue-speed.mjs --wait 500 --dialogues 40 --runs 1
//
// The first is a study of the embedded model and needs two free cores. In the second, each cell only waits for so many
// milliseconds, so that it shows the queue alone, also on a busy machine. Both need redis-server, and bullmq and ioredis. The time
// runs from the first job that a worker ends to the end of the study, so that neither the start of Node nor the loading of the
// model counts; that job's cells do not count either. The time before is told apart.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    dialogues: { type: 'string', default: '96' },
    runs: { type: 'string', default: '3' },
    port: { type: 'string', default: '26379' },
    wait: { type: 'string' },
  },
});
const waits = values.wait !== undefined;
const command = fileURLToPath(
  new URL(waits ? '../test/study/stub-main.mjs' : '../dist/cli/main.js', import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), 'holdfast-queue-'));
const spec = join(folder, 'speed.yaml');
const waiting = { name: 'speed', dialogues: Number(values.dialogues), arms: { off: 'off', on: 'on' } };
const decoding = `name: speed
now: 2026-01-31
sources:
  - organism: { dialogues: ${values.dialogues}, rounds: 8 }
max-tokens: 64
probes: every
arms: [off, { split-softmax: 0.5 }]
costs: none
analysis: { early: [1, 1], late: [5, 8] }
`;
writeFileSync(spec, waits ? JSON.stringify(waiting) : decoding);
const redis = spawn('redis-server', ['--port', values.port, '--save', '', '--bind', '127.0.0.1'], {
  stdio: 'ignore',
});
const queue = ['--queue', `redis://127.0.0.1:${values.port}`];
const study = (...args) =>
  spawn(process.execPath, [command, 'study', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, STUB_WAIT: values.wait },
  });

/** Runs the study with some workers. Returns cells per second, the seconds before the first, and the hash of the results. */
async function measure(count, out) {
  const from = performance.now();
  const workers = Array.from({ length: count }, () =>
    study('work', spec, ...queue, '--jobs', '1', '--batch', '1'),
  );
  // All workers have loaded the study and wait before there is anything to take.
  await Promise.all(workers.map(({ stderr }) => heard(stderr, /waiting for cells/)));
  const run = study('run', spec, '--out', out, ...queue);
  let begun = null;
  let cells = 0;
  run.stderr.on('data', (text) => {
    const [done] = [...String(text).matchAll(/(\d+) of \d+ cells/g)].map(([, number]) => Number(number));
    if (begun === null && done > 0) [begun, cells] = [performance.now(), done];
  });
  const [code] = await once(run, 'close');
  if (code !== 0) throw new Error(`the run ended with ${code}`);
  const seconds = (performance.now() - begun) / 1000;
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map((worker) => once(worker, 'close')));
  const results = readFileSync(join(out, 'results.jsonl'));
  const total = String(results).split('\n').length - 1;
  return {
    speed: (total - cells) / seconds,
    before: (begun - from) / 1000,
    hash: createHash('sha256').update(results).digest('hex'),
  };
}

function heard(stream, words) {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      text += chunk;
      if (words.test(text)) resolve();
    });
  });
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

try {
  console.log(execFileSync('uptime', { encoding: 'utf8' }).trim());
  const speeds = { 1: [], 2: [] };
  const hashes = new Set();
  for (let run = 0; run < Number(values.runs); run++) {
    for (const count of [1, 2]) {
      const { speed, before, hash } = await measure(count, join(folder, `${run}-${count}`));
      speeds[count].push(speed);
      hashes.add(hash);
      console.log(
        `${count} workers: ${speed.toFixed(2)} cells/s, after ${before.toFixed(1)} s until the first`,
      );
    }
  }
  const [one, two] = [1, 2].map((count) => median(speeds[count]));
  console.log(
    `medians ${one.toFixed(2)} and ${two.toFixed(2)} cells/s: ${(two / one).toFixed(2)} ×; ${hashes.size} different results`,
  );
} finally {
  redis.kill();
  await once(redis, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
