import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readTextNow } from './files/index.js';

/** Returns the absolute path of a file or folder of this package. @param path relative to the package's root */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

const Package = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** Reads this package's version, and the exact version of each dependency, from its package.json. */
export function readPackage(): z.infer<typeof Package> {
  return Package.parse(JSON.parse(readTextNow(packageFile('package.json'))));
}
