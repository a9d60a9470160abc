import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { availableMemory } from 'node:process';
import { HoldfastError } from '../../errors.js';
import { weightBytes } from '../../load.js';
import { packageFile, readPackage } from '../../package.js';
import {
  createApp,
  isLoopback,
  type LogEntry,
  listen,
  ModelShelf,
  readStudioPage,
  type ServingOptions,
  type ShelfEntry,
  StudioHosts,
  serveModel,
  shelfModels,
  Workload,
} from '../../server/index.js';
import { createHost } from '../../studio/index.js';
import { currentMoment } from '../../text/index.js';
import {
  askedHold,
  isEmbedded,
  modelPath,
  openWithOptions,
  readSettings,
  refuseIdleCache,
  withHold,
} from '../options/index.js';
import { listenForSignals, stderr, stdout, stopped, verbosity } from '../terminal/index.js';
import type { ServeFlags } from './flags.js';

const GIB = 2 ** 30;

/** Serves until a signal stops it. */
export async function serve(named: string | undefined, flags: ServeFlags): Promise<void> {
  const token = tokenOf(flags);
  const settings = readSettings(flags);
  refuseIdleCache(settings);
  const hold = await askedHold(flags);
  const page = await readStudioPage(packageFile('dist/studio/page'));
  const { version } = readPackage();
  const free = availableMemory();
  const serving: ServingOptions = {
    contextLength: flags.context,
    cacheMemory: flags.cacheMemory === undefined ? free / 4 : flags.cacheMemory * GIB,
    parallel: flags.parallel,
    queue: flags.queue,
  };
  const entries: ShelfEntry[] = [];
  for (const name of [named, ...(flags.models ?? [])]) {
    const path = await modelPath(name);
    const id = idOf(name);
    entries.push({
      id,
      bytes: () => weightBytes(path),
      async load() {
        const model = await openWithOptions(path, flags, true);
        try {
          return await serveModel(id, model, await withHold(settings, hold, model), serving);
        } catch (error) {
          await model.dispose();
          throw error;
        }
      },
    });
  }
  checkDistinct(entries);
  const shelf = new ModelShelf(entries, flags.modelMemory === undefined ? free / 2 : flags.modelMemory * GIB);
  const hosts = new StudioHosts(() => createHost(shelfModels(shelf), version));
  const stop = listenForSignals();
  try {
    // A model that cannot be served ends the command, not the first request.
    (await shelf.take(null)).release();
    const workload = new Workload();
    const app = createApp({
      shelf,
      workload,
      access: { token, hosts: flags.allowHost ?? [], origins: flags.cors ?? [] },
      now: () => flags.now ?? currentMoment(),
      version,
      studio: { page, hosts },
      log,
      logContents: flags.logContents === true,
    });
    const listening = await listen(app, flags, log);
    stdout.lines([`listening on ${listening.url}`]);
    await stopped(stop.signal);
    listening.close();
    await workload.drain(flags.drain * 1000);
    await listening.end();
  } finally {
    stop.end();
    await hosts.dispose();
    await shelf.dispose();
  }
}

/**
 * Returns the token that requests need; null for none.
 * @throws HoldfastError `E_USAGE` for one that clients cannot send, and if other machines could use the server without one
 */
function tokenOf({ host, token = process.env.HOLDFAST_TOKEN }: ServeFlags): string | null {
  if (token !== undefined && token !== '') {
    if (/^[!-~]+$/.test(token)) return token;
    throw new HoldfastError(
      'E_USAGE',
      'the token may have only visible characters of ASCII: clients send others in different ways',
    );
  }
  if (isLoopback(host)) return null;
  throw new HoldfastError('E_USAGE', `other machines can reach ${host}: give --token, or set HOLDFAST_TOKEN`);
}

/** Returns the name that requests give for a model: that of its file or folder without the way to it. */
function idOf(named: string | undefined): string {
  if (named === undefined) return 'organism';
  return isEmbedded(named) || !existsSync(named) ? named : basename(resolve(named));
}

function checkDistinct(entries: readonly ShelfEntry[]): void {
  const ids = entries.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice === undefined) return;
  throw new HoldfastError('E_USAGE', `two models would have the name ${twice}`, {
    hint: 'Rename the file or folder of one of them',
  });
}

/** Writes a line of the log: no texts, unless they were asked for. A quiet command writes failures only. */
function log({ request, method, path, status, outcome, ms, tokens, error, contents }: LogEntry): void {
  if (error === null && verbosity().quiet) return;
  const counts = tokens && `prompt ${tokens.prompt} (${tokens.cached} cached) answer ${tokens.answer}`;
  const time = `${ms.toFixed(0)} ms`;
  const parts = [request, method, path, status, outcome, time, counts, errorText(error)];
  stderr.lines([
    parts.filter((part) => part !== null).join(' '),
    ...(contents === null ? [] : [JSON.stringify({ id: request, ...contents })]),
  ]);
}

/** Returns an error for the operator, with its stack if nothing expected it. */
function errorText(error: unknown): string | null {
  if (error === null) return null;
  if (error instanceof HoldfastError || !(error instanceof Error)) return String(error);
  return error.name === 'ApiError' ? error.message : (error.stack ?? error.message);
}
