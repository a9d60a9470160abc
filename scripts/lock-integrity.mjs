#!/usr/bin/env node
/**
 * Adds the hashes that lock files lack, as the registry gives them. npm omits the hash of a package of another platform
 * when it writes a lock file from what is installed here; such a package would be installed unchecked there. Adds nothing
 * else and changes no hash that is there. Fails if the registry lacks a version. `test/package/supply-chain.test.ts` names
 * the packages that have no hash.
 *
 *     node scripts/lock-integrity.mjs
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOCK_FILES = ['package-lock.json', 'bench/package-lock.json', 'clients/package-lock.json'];

for (const file of LOCK_FILES) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  let added = 0;
  for (const [place, entry] of Object.entries(lock.packages)) {
    const name = place.split('node_modules/').at(-1);
    if (!place.includes('node_modules/') || entry.link || entry.integrity !== undefined) continue;
    const integrity = hashOf(`${name}@${entry.version}`);
    if (integrity === null) {
      console.error(`${file}: the registry has no ${name} ${entry.version}`);
      process.exitCode = 1;
      continue;
    }
    lock.packages[place] = withIntegrity(entry, integrity);
    console.log(`${file}: ${name} ${entry.version} ${integrity}`);
    added++;
  }
  if (added > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Returns the SHA-512 that the registry lists for a version; null if it lists none. */
function hashOf(version) {
  try {
    const view = ['view', version, 'dist.integrity'];
    const hash = execFileSync('npm', view, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return hash.startsWith('sha512-') ? hash : null;
  } catch {
    return null;
  }
}

/** Returns an entry with its hash after its version, where npm puts it. */
function withIntegrity({ version, resolved, ...rest }, integrity) {
  return { version, ...(resolved === undefined ? {} : { resolved }), integrity, ...rest };
}
