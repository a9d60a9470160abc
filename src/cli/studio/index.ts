/**
 * `holdfast studio`: serves the studio's page on this machine, runs its models, and shows studies.
 */
import { spawn } from 'node:child_process';
import { type Command, InvalidArgumentError } from 'commander';
import { packageFile, readPackage } from '../../package.js';
import { createStudioApp, listen, readStudioPage, StudioHosts, Workload } from '../../server/index.js';
import { createHost } from '../../studio/index.js';
import {
  addModelArgument,
  addModelOptions,
  isEmbedded,
  type ModelOptions,
  modelPath,
} from '../options/index.js';
import { listenForSignals, note, stdout, stopped } from '../terminal/index.js';
import { localModels } from './models.js';
import { localStudies } from './studies.js';

interface StudioFlags extends ModelOptions {
  readonly port: number;
  readonly open: boolean;
  readonly studies: string;
}

export function addStudio(command: Command): void {
  addModelOptions(addModelArgument(command))
    .option('--port <n>', 'port of the page; 0 for a free one', portNumber, 8724)
    .option('--no-open', 'do not open the page in a browser')
    .option(
      '--studies <folder>',
      'the folder of a study, or the one that has them, for the page to show',
      'studies',
    )
    .action(studio);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

/** Serves until Ctrl-C. */
async function studio(
  named: string | undefined,
  { port, open, studies: folder, ...options }: StudioFlags,
): Promise<void> {
  const page = await readStudioPage(packageFile('dist/studio/page'));
  const own = named === undefined || isEmbedded(named) ? null : { name: named, path: await modelPath(named) };
  const [models, studies] = [localModels(own, options), localStudies(folder)];
  const { version } = readPackage();
  const hosts = new StudioHosts(() => createHost(models, version, studies));
  const workload = new Workload();
  const app = createStudioApp({ page, hosts, report: studies.reportText }, workload);
  const stop = listenForSignals();
  try {
    const listening = await listen(app, { host: '127.0.0.1', port });
    const address = `${listening.url}/`;
    stdout.lines([`listening on ${address}`]);
    if (open) openInBrowser(named === undefined ? address : `${address}?model=${encodeURIComponent(named)}`);
    await stopped(stop.signal);
    listening.close();
    await workload.drain(0);
    await listening.end();
  } finally {
    stop.end();
    await hosts.dispose();
  }
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
