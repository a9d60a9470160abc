#!/usr/bin/env node
/**
 * Writes THIRD_PARTY.md: every package that an installation may bring, on any platform, with its licence, as the lock file
 * says. Refuses a licence that is not in the table below, also of what the benchmarks and the clients' tests install.
 *
 *     node scripts/third-party.mjs            # write it
 *     node scripts/third-party.mjs --check    # fail if it is not current
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const root = positionals[0] ?? fileURLToPath(new URL('..', import.meta.url));

/** Licences that a package may have, and whether it may be installed with Holdfast or only to develop it. */
const LICENCES = {
  '0BSD': 'anywhere',
  'Apache-2.0': 'anywhere',
  'BSD-3-Clause': 'anywhere',
  ISC: 'anywhere',
  MIT: 'anywhere',
  'MIT OR Apache-2.0': 'anywhere',
  Unlicense: 'anywhere',
  '(AFL-2.1 OR BSD-3-Clause)': 'development',
  '(BSD-2-Clause OR MIT OR Apache-2.0)': 'development',
  '(MIT OR CC0-1.0)': 'development',
  'BSD-2-Clause': 'development',
  'BlueOak-1.0.0': 'development',
  'CC0-1.0': 'development',
  'MPL-2.0': 'development',
};

/** Projects of this repository that are never published. */
const UNPUBLISHED = ['bench', 'clients'];

/** The packages of a lock file. A link is to this repository itself. */
function packagesOf(folder) {
  const lock = JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([place, { link }]) => place.includes('node_modules/') && !link)
    .map(([place, entry]) => ({ ...entry, name: place.split('node_modules/').at(-1) }));
}

const packages = packagesOf('.');
const unpublished = UNPUBLISHED.flatMap(packagesOf).map((entry) => ({ ...entry, dev: true }));

const refused = [...packages, ...unpublished].filter(
  ({ license, dev }) => LICENCES[license] !== 'anywhere' && !(dev && LICENCES[license] === 'development'),
);
if (refused.length > 0) {
  for (const { name, version, license } of refused)
    console.error(`${name} ${version}: its licence may not be used here: ${license ?? 'none is given'}`);
  process.exit(1);
}

/** Returns a Markdown table of packages, with aligned columns. */
function table(list) {
  const rows = list
    .map(({ name, version, license, os, cpu, libc, hasInstallScript }) => [
      `\`${name}\``,
      version,
      license,
      [os, cpu, libc].flatMap((names) => (names === undefined ? [] : [names.join(', ')])).join(' / '),
      hasInstallScript ? 'yes' : '',
    ])
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
  const head = ['package', 'version', 'licence', 'only for', 'install script'];
  const all = [head, ...rows.filter((row, at) => row.join() !== rows[at - 1]?.join())];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}

const page = `# Third-party software

\`scripts/third-party.mjs\` writes this page from \`package-lock.json\`; do not edit it. The licences are those that the packages
give themselves.

The npm package of Holdfast contains code of others in two places, the page of the studio and the page of a trace.
\`dist/studio/page/licences.md\` and \`dist/trace-page/page/licences.md\` have the text of their licences; a trace's page has it
too. The package also contains material from RealGuardrails, under
[MIT](experiments/realguardrails/LICENSE).

## Installed with Holdfast

npm chooses the binaries of your platform. Each package brings its own licence, and those of what is compiled into it.

${table(packages.filter(({ dev }) => !dev))}

## Installed to develop Holdfast

${table(packages.filter(({ dev }) => dev))}
`;

const path = join(root, 'THIRD_PARTY.md');
if (!values.check) writeFileSync(path, page);
else if (readFileSync(path, 'utf8') !== page) {
  console.error('THIRD_PARTY.md is not current: run node scripts/third-party.mjs');
  process.exitCode = 1;
}
