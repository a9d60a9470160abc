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
