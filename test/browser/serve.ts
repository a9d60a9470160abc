import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Serves the repository as `npm run browser` does, on a free port. */
export async function serve(): Promise<{ readonly server: ChildProcess; readonly address: string }> {
  const server = spawn(process.execPath, [`${root}scripts/serve.mjs`, '--port', '0'], { stdio: 'pipe' });
  for await (const address of createInterface({ input: server.stdout! })) return { server, address };
  throw new Error('scripts/serve.mjs ended without an address');
}
