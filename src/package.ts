import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The path of a file or folder that this package ships, from its own root: `models/catalogue.json`. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

const Package = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** What this package's own package.json says: its version, and the exact version of each dependency. */
export function readPackage(): z.infer<typeof Package> {
  return Package.parse(JSON.parse(readFileSync(packageFile('package.json'), 'utf8')));
}
