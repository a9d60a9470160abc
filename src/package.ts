import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { HoldfastError } from './errors.js';
import { readTextNow } from './files/index.js';

/** The folder of this package: built modules are at several depths in it. */
const ROOT = packageAbove(dirname(fileURLToPath(import.meta.url)));

function packageAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageAbove(dirname(folder));
}

/** Returns the absolute path of a file or folder of this package. @param path relative to the package's root */
export function packageFile(path: string): string {
  return join(ROOT, path);
}

const Versions = z.record(z.string(), z.string());
const Package = z.object({
  version: z.string(),
  dependencies: Versions,
  optionalDependencies: Versions,
  peerDependencies: Versions,
});

/** Reads this package's own package.json. */
export function readPackage(): z.infer<typeof Package> {
  return Package.parse(JSON.parse(readTextNow(packageFile('package.json'))));
}

/**
 * Returns the exact version of a package that Holdfast runs on, needed or optional.
 * @param name a package; or a scope, such as `@node-llama-cpp`, which stands for the one package that fits the platform:
 * all packages of a scope have the same version
 */
export function pinnedVersion(name: string): string {
  const { dependencies, optionalDependencies, peerDependencies } = readPackage();
  const pinned = Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  const versions = new Set(
    pinned.filter(([own]) => own === name || own.startsWith(`${name}/`)).map(([, version]) => version),
  );
  const [version] = versions;
  if (version === undefined || versions.size > 1) {
    throw new Error(`package.json pins ${versions.size} versions of ${name}`);
  }
  return version;
}

/** Says how to install an optional package at its pinned version. Install scripts are not needed. */
export function howToInstall(name: string): string {
  const command = `npm install --ignore-scripts ${name}@${pinnedVersion(name)}`;
  return `Install it where Holdfast is installed (${command}; with -g if Holdfast is global)`;
}

/** Thrown where a package is needed that is optional and not installed (`E_EXECUTOR`). */
export class NotInstalled extends HoldfastError {
  constructor(name: string, cause: unknown) {
    super('E_EXECUTOR', `${name} is not installed`, {
      hint: `${howToInstall(name)}, or use another executor`,
      cause,
    });
  }
}
