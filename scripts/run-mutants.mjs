#!/usr/bin/env node
/**
 * Puts each of the faults in mutants.mjs into a copy of the sources, one at a time, and runs the suite that covers it on each copy.
 * `npm run mutants` runs all mutants; `npm run mutants gpu` runs those with "gpu" in their names.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denoPath } from './deno.mjs';
import { MUTANTS, SUITES } from './mutants.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const wanted = process.argv[2] ?? '';
const mutants = MUTANTS.filter(({ name }) => name.includes(wanted));

if (mutants.some(({ name }) => name.startsWith('gpu')) && denoPath() === null) {
  throw new Error('mutants of the gpu executor need Deno, which is not installed');
}
const copy = mkdtempSync(join(tmpdir(), 'holdfast-mutants-'));
for (const part of [
  'src',
  'kernels',
  'test',
  'scripts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]) {
  cpSync(join(root, part), join(copy, part), { recursive: true });
}
// Some tests start what is built, in processes of their own: it stays as it is.
for (const part of ['node_modules', 'dist']) symlinkSync(join(root, part), join(copy, part));

/** Returns whether the suite passes on the current copy. */
const passes = (suite) => {
  const [program, ...args] = SUITES[suite];
  const { status, error } = spawnSync(program, args, { cwd: copy, stdio: 'ignore' });
  if (error) throw error;
  return status === 0;
};

let survivors = 0;
try {
  for (const suite of new Set(mutants.map((mutant) => mutant.suite))) {
    if (!passes(suite)) throw new Error(`the ${suite} suite fails without any mutant`);
  }
  for (const { name, suite, file, find, put } of mutants) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, source.replace(find, put));
    const survived = passes(suite);
    writeFileSync(path, source);
    if (survived) survivors++;
    console.log(`${survived ? 'SURVIVED' : 'caught  '}  ${name}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(`${mutants.length - survivors} of ${mutants.length} mutants caught`);
process.exitCode = survivors === 0 ? 0 : 1;
