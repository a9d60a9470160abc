#!/usr/bin/env node
/**
 * Removes the declarations in `dist` that no entry of the package leads to: no user's compiler reads them, and they would be
 * a twentieth of the package. Those of `kernels` stay, which the build refers to. `npm run build` ends with it.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const waiting = Object.values(exports).flatMap(({ types }) =>
  types === undefined ? [] : [join(root, types)],
);
const reached = new Set();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (reached.has(file) || !existsSync(file)) continue;
  reached.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g)) {
    waiting.push(join(dirname(file), `${path}.d.ts`));
  }
}

const dist = join(root, 'dist');
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const file = join(dist, name);
  if (name.endsWith('.d.ts') && !name.startsWith('kernels') && !reached.has(file)) rmSync(file);
}
