#!/usr/bin/env node
/**
 * Runs a study of many cells that need no model (those of the tests), and then again, when all are there. Watches memory:
 * it may grow with the plan, not with what was computed.
 *
 *     npm run build && node scripts/soak-study.mjs --cells 100000
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryOf } from './serve-support.mjs';
import { lineOf } from './slope.mjs';

const { values } = parseArgs({ options: { cells: { type: 'string', default: '100000' } } });
const cells = Number(values.cells);
const folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'));
const spec = join(folder, 'soak.json');
writeFileSync(spec, JSON.stringify({ name: 'soak', dialogues: cells / 2, arms: { off: 'o', on: 'n' } }));
const main = fileURLToPath(new URL('../test/study/stub-main.mjs', import.meta.url));
let failed = false;

for (const run of ['first run', 'run again']) {
  const since = performance.now();
  const words = [main, 'study', 'run', spec, '--out', join(folder, 'out'), '--jobs', '1'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  const points = [];
  const watch = setInterval(() => {
    if (child.exitCode === null) points.push([(performance.now() - since) / 60_000, memoryOf(child.pid)]);
  }, 1000);
  const code = await new Promise((ended) => child.on('exit', ended));
  clearInterval(watch);
  const seconds = (performance.now() - since) / 1000;
  console.log(`${new Date().toISOString()}, ${run}: ${Buffer.concat(said).toString().trim().split('\n')[0]}`);
  const half = points.slice(points.length >> 1);
  if (half.length > 3) {
    const { mean, slope, low, high } = lineOf(half);
    const most = Math.max(...points.map(([, memory]) => memory));
    console.log(
      `  ${seconds.toFixed(0)} s; memory at most ${most.toFixed(0)} MiB, in the second half ${mean.toFixed(0)} MiB, ` +
        `per minute ${slope.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`,
    );
  }
  failed ||= code !== 0;
}
const lines = readFileSync(join(folder, 'out/results.jsonl'), 'utf8').split('\n').length - 1;
console.log(`${lines} results`);
rmSync(folder, { recursive: true });
process.exitCode = failed || lines !== cells ? 1 : 0;
