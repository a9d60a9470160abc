#!/usr/bin/env node
/**
 * Runs a study of many cells that need no model (those of the tests), and then again, when all are there: it must compute none.
 * Watches memory while cells are computed: it may grow with the plan, not with what was computed. Exit code 1 if one of this does not hold.
 *
 *     npm run build && node scripts/soak-study.mjs --cells 100000
 *
 * With fewer than 10,000 cells it is over while the heap still grows to its size.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryOf } from './serve-support.mjs';
import { growthOf } from './slope.mjs';

const { values } = parseArgs({ options: { cells: { type: 'string', default: '100000' } } });
const cells = Number(values.cells);
/**
 * MiB per 1000 cells above which memory is taken to grow with what was computed: a record of these cells has more than 1,500
 * characters, so 1.5 MiB if they are kept. Which cells are done takes less than a tenth of that.
 */
const MOST_MIB = 0.5;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'));
const spec = join(folder, 'soak.json');
writeFileSync(spec, JSON.stringify({ name: 'soak', dialogues: cells / 2, arms: { off: 'o', on: 'n' } }));
const main = fileURLToPath(new URL('../test/study/stub-main.mjs', import.meta.url));
/** Between two looks at the memory. */
const EVERY_MS = 50;
let failed = false;

for (const { run, expected } of [
  { run: 'first run', expected: `${cells} cells: ${cells} computed, 0 reused, 0 failed` },
  { run: 'run again', expected: `${cells} cells: 0 computed, ${cells} reused, 0 failed` },
]) {
  const since = performance.now();
  const words = [main, 'study', 'run', spec, '--out', join(folder, 'out'), '--jobs', '1'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  const looks = [];
  let done = 0;
  child.stderr.on('data', (chunk) => {
    process.stderr.write(chunk);
    done = Number(/(\d+) of \d+ cells, [^\n]*\n$/.exec(String(chunk))?.[1] ?? done);
  });
  const watch = setInterval(() => {
    const memory = memoryOf(child.pid);
    if (memory !== null) looks.push({ done, memory });
  }, EVERY_MS);
  const code = await new Promise((ended) => child.on('close', ended));
  clearInterval(watch);
  const ms = performance.now() - since;
  const [summary] = Buffer.concat(said).toString().trim().split('\n');
  console.log(`${new Date().toISOString()}, ${run}: ${summary}`);
  if (code !== 0 || summary !== expected) {
    console.log(`  exit code ${code}; it should be: ${expected}`);
    failed = true;
  }
  const most = Math.max(...looks.map(({ memory }) => memory));
  console.log(`  ${(ms / 1000).toFixed(0)} s; memory at most ${most.toFixed(0)} MiB`);
  // The second run ends within seconds, which are those of its start and of writing the results.
  if (run !== 'first run') continue;
  // After the last cell the results are written, which takes memory for all of them.
  const half = looks.filter((look) => look.done >= cells / 2 && look.done < cells);
  const points = half.map((look) => [look.done / 1000, look.memory]);
  const growth = growthOf('memory in the second half, MiB', points, { most: MOST_MIB, per: '1000 cells' });
  console.log(`  ${growth.text}`);
  failed ||= growth.grows;
}
const lines = readFileSync(join(folder, 'out/results.jsonl'), 'utf8').split('\n').length - 1;
console.log(`${lines} results`);
rmSync(folder, { recursive: true });
process.exitCode = failed || lines !== cells ? 1 : 0;
