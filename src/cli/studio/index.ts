/**
 * `holdfast studio`: serves the studio's page on this machine, and runs its models.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { type Command, InvalidArgumentError } from 'commander';
import { HoldfastError } from '../../errors.js';
import { packageFile, readPackage } from '../../package.js';
import { createHost } from '../../studio/index.js';
import {
  addModelArgument,
  addModelOptions,
  isEmbedded,
  type ModelOptions,
  modelPath,
} from '../options/index.js';
import { note, stdout } from '../terminal/index.js';
import { localModels } from './models.js';
import { createStudioServer } from './server.js';

interface StudioFlags extends ModelOptions {
  readonly port: number;
  readonly open: boolean;
}

export function addStudio(command: Command): void {
  addModelOptions(addModelArgument(command))
    .option('--port <n>', 'port of the page; 0 for a free one', portNumber, 8724)
    .option('--no-open', 'do not open the page in a browser')
    .action(studio);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

/** Serves until Ctrl-C. */
async function studio(named: string | undefined, { port, open, ...options }: StudioFlags): Promise<void> {
  const page = packageFile('dist/studio/page');
  if (!existsSync(page)) {
    throw new HoldfastError('E_NOT_FOUND', 'the page of the studio is not built', {
      file: page,
      hint: 'In a clone, run npm run build',
    });
  }
  const own = named === undefined || isEmbedded(named) ? null : { name: named, path: await modelPath(named) };
  const host = createHost(localModels(own, options), readPackage().version);
  const server = createStudioServer(host, page);
  const address = await listen(server, port);
  stdout.lines([`listening on ${address}`]);
  if (open) openInBrowser(named === undefined ? address : `${address}?model=${encodeURIComponent(named)}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  server.close();
  server.closeAllConnections();
  await host.dispose();
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const hint = 'Choose another with --port, or 0 for a free one';
      reject(new HoldfastError('E_USAGE', `port ${port} cannot be used: ${cause.message}`, { cause, hint }));
    });
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address();
      resolve(`http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : port}/`);
    });
  });
}

const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['explorer'],
};

/** Opens an address in the user's browser. Without one, as on a server, the address that was printed is enough. */
function openInBrowser(address: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const opening = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  opening.on('error', () => note(`no browser could be opened: open ${address} yourself`));
  opening.unref();
}
