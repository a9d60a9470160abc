#!/usr/bin/env node
/**
 * Runs all tests: those of Node and those of Deno at the same time, because neither keeps two cores busy. Node's output
 * is shown as it comes. When both have ended, the end of Deno's follows, or all of it if a test failed. `npm test`
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a script of Node; returns its exit status and, if it was kept, its output. */
function run(args, output) {
  const kept = [];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', output, output] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => kept.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, text: Buffer.concat(kept) }));
  });
}

const [node, deno] = await Promise.all([
  run(['node_modules/vitest/vitest.mjs', 'run'], 'inherit'),
  run(['scripts/test-deno.mjs'], 'pipe'),
]);
const text = deno.text.toString();
// A long list of passed tests would push Node's failures out of sight.
const end = text.search(/\n.*(?:tests were skipped:|Test Files)/);
process.stdout.write(deno.code === 0 && end > 0 ? text.slice(end) : text);
process.exitCode = node.code || deno.code;
