#!/usr/bin/env node
/**
 * Runs the fast part of the tests on other versions of Node, as packages of npm bring them: all tests beside their sources,
 * studies, and the built command as a process. Fails if a version fails.
 *
 *     npm run build && node scripts/test-node.mjs            # the newest 22 and 24
 *     node scripts/test-node.mjs 22 -- src/files             # one version, some files
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FAST = [
  'src',
  'test/study',
  'test/lock.test.ts',
  'test/cli/processes.test.ts',
  'test/cli/failures.test.ts',
];
const words = process.argv.slice(2);
const end = words.includes('--') ? words.indexOf('--') : words.length;
const versions = words.slice(0, end);
const files = words.slice(end + 1);

for (const version of versions.length > 0 ? versions : ['22', '24']) {
  const node = nodeOf(version);
  const name = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...(files.length > 0 ? files : FAST)];
  console.log(`\nNode ${name}`);
  const { status } = spawnSync(node, vitest, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

/** Installs a version of Node for this platform, unless it is there from an earlier run, and returns its path. */
function nodeOf(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(tmpdir(), `holdfast-${name}-${version}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  execFileSync('npm', ['install', ...quiet, `${name}@${version}`], { cwd: folder, stdio: 'inherit' });
  return join(folder, 'node_modules', name, 'bin', 'node');
}
