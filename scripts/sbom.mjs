#!/usr/bin/env node
/**
 * Writes a software bill of materials (CycloneDX) of what an installation of Holdfast brings on any platform. It is npm's,
 * without the packages that only development needs. npm's own `--omit dev` also omits packages that both need. And it is
 * called by the package's name, for which npm takes the folder's.
 *
 *     node scripts/sbom.mjs holdfast.cdx.json
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node scripts/sbom.mjs FILE.json');
const root = fileURLToPath(new URL('..', import.meta.url));
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const installed = Object.entries(lock.packages)
  .filter(([place, { dev }]) => place !== '' && !dev)
  .map(([place, { version }]) => `${place.split('node_modules/').at(-1)}@${version}`);

const options = ['--sbom-format', 'cyclonedx', '--package-lock-only'];
const sbom = JSON.parse(execFileSync('npm', ['sbom', ...options], { cwd: root, maxBuffer: 2 ** 26 }));
const refs = new Set(
  sbom.components
    .filter(({ name, version }) => installed.includes(`${name}@${version}`))
    .map((component) => component['bom-ref']),
);
const product = sbom.metadata.component['bom-ref'];
sbom.metadata.component.name = lock.name;
sbom.components = sbom.components.filter((component) => refs.has(component['bom-ref']));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => ref === product || refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
writeFileSync(out, `${JSON.stringify(sbom, null, 2)}\n`);

const hashed = sbom.components.filter(({ hashes }) => (hashes ?? []).length > 0).length;
console.log(`${out}: ${sbom.components.length} components, ${hashed} with a hash`);
