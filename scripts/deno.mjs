import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Returns the path of Deno's executable, which is in an npm package for each platform. Without install scripts, the
 * package `deno` does not find it itself.
 * @returns null if it is not installed
 */
export function denoPath() {
  const { platform, arch } = process;
  const name = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return join(folder, platform === 'win32' ? 'deno.exe' : 'deno');
  } catch {
    return null;
  }
}

/** Returns the test files that Deno runs, relative to the repository: those of the gpu executor. */
export function denoTests() {
  const folder = 'test/conformance';
  return readdirSync(new URL(`../${folder}`, import.meta.url))
    .filter((name) => name.startsWith('gpu') && name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`);
}
