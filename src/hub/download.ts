import { constants } from 'node:fs';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from '../errors.js';
import { type Lock, tryLock } from '../lock.js';
import { GrowingFile, WrongContent } from './growing-file.js';
import { type HubCache, sizeOf, writing } from './hub-cache.js';
import type { Asking, FilePlace, HubClient } from './hub-client.js';
import type { Response } from './hub-http.js';
import type { RepoFile } from './hub-listing.js';
import { TransientError, waitBeforeRetry } from './retry.js';

/** What fetching needs, and whom it tells. */
export interface Fetching extends Asking {
  readonly client: HubClient;
  readonly cache: HubCache;
  /** Bytes of the file that are on the disk, each time that there are more, or, after a false start, fewer. */
  readonly onBytes: (bytes: number) => void;
}

/** How a file came to be there. */
export type Arrival = 'fetched' | 'resumed' | 'found';

const LOCK_POLL_MS = 200;

/**
 * Brings a file of the hub into the cache under the name of its hash, unless it is there. What an earlier try left is
 * gone on with; size and hash are checked before the file gets its name; a process that finds another at it waits for it.
 * @throws HoldfastError `E_HUB`, `E_UNWRITABLE`; the signal's reason when it is aborted, and what has come is kept
 */
export async function fetchBlob(
  place: Pick<FilePlace, 'repo' | 'commit'>,
  file: RepoFile,
  fetching: Fetching,
): Promise<Arrival> {
  const { cache, onBytes } = fetching;
  const blob = cache.blob(place.repo, file.hash);
  await writing(blob, () => mkdir(dirname(blob), { recursive: true }));
  const lock = await waitForLock(blob, file, fetching);
  try {
    const there = await sizeOf(blob);
    if (there === file.bytes) {
      onBytes(file.bytes);
      return 'found';
    }
    if (there !== null) {
      fetching.onNote(
        `${file.path}: the cache's copy has ${there} bytes instead of ${file.bytes}: fetching it anew`,
      );
    }
    const unfinished = cache.unfinishedBlob(place.repo, file.hash);
    const arrival = await fill(unfinished, { ...place, path: file.path }, file, fetching);
    await writing(blob, async () => {
      await rename(unfinished, blob).catch(async (error: unknown) => {
        // Where locks do not reach, another may have been faster, with the same bytes in the same file.
        if (!isMissing(error) || (await sizeOf(blob)) !== file.bytes) throw error;
      });
      const folder = await open(dirname(blob), 'r');
      await folder.sync().finally(() => folder.close());
    });
    return arrival;
  } finally {
    await lock.release();
  }
}

async function waitForLock(blob: string, file: RepoFile, { signal, onNote }: Fetching): Promise<Lock> {
  const name = `hub blob ${await realpath(dirname(blob))} ${file.hash}`;
  for (let waited = 0; ; waited++) {
    const lock = await tryLock(name);
    if (lock !== null) return lock;
    if (waited === 0) onNote(`${file.path}: another process is fetching it, waiting for that`);
    await sleep(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Grows the unfinished file until it is whole and right. */
async function fill(path: string, place: FilePlace, file: RepoFile, fetching: Fetching): Promise<Arrival> {
  const handle = await writing(path, () => open(path, constants.O_RDWR | constants.O_CREAT));
  try {
    const growing = new GrowingFile(handle, path, file, fetching);
    await growing.begin();
    const resumed = growing.bytes > 0;
    const answers = await growUntilWhole(growing, place, fetching);
    if (!growing.isRight() && (resumed || answers > 1)) {
      fetching.onNote(`${file.path}: its pieces do not fit together: fetching it anew`);
      growing.restart();
      await growUntilWhole(growing, place, fetching);
    }
    if (!growing.isRight()) throw wrong(place, 'its hash is not the one that the hub names');
    await writing(path, () => handle.sync());
    return resumed ? 'resumed' : 'fetched';
  } catch (error) {
    // What is wrong is not gone on with, what is only not whole is; and what is nothing need not lie there.
    if (error instanceof WrongContent || (await handle.stat()).size === 0) await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Asks until the file has its size; returns how many answers that took. */
async function growUntilWhole(growing: GrowingFile, place: FilePlace, fetching: Fetching): Promise<number> {
  let answers = 0;
  for (let failed = 0; growing.bytes < growing.file.bytes; ) {
    const before = growing.bytes;
    answers++;
    try {
      await growOnce(growing, place, fetching);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      failed = growing.bytes > before ? 1 : failed + 1;
      await waitBeforeRetry(fetching.client.policy, failed, error, { ...fetching, what: place.path });
    }
  }
  return answers;
}

async function growOnce(
  growing: GrowingFile,
  place: FilePlace,
  { client, signal, onNote }: Fetching,
): Promise<void> {
  const { file } = growing;
  const { response, linkedHash } = await client.open(place, growing.bytes, signal);
  try {
    if (linkedHash !== null && linkedHash.length === file.hash.length && linkedHash !== file.hash) {
      throw wrong(place, 'the hub now serves another file under its name');
    }
    if (response.status === 200 && growing.bytes > 0) {
      onNote(`${file.path}: the hub sends it from its beginning again`);
      growing.restart();
    }
    checkLengths(response, growing, place);
    await growing.append(response);
  } finally {
    await response.body?.cancel().catch(() => {});
  }
  if (growing.bytes < file.bytes) {
    throw new TransientError(`the download broke off at ${growing.bytes} of ${file.bytes} bytes`);
  }
}

/** What the answer says of itself has to fit what is known of the file, before a byte of it is read. */
function checkLengths({ status, headers }: Response, { bytes, file }: GrowingFile, place: FilePlace): void {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') throw wrong(place, `it comes compressed (${encoding})`);
  if (status === 206) {
    const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(start) === bytes && (size === '*' || Number(size) === file.bytes)) return;
    throw wrong(
      place,
      `bytes from ${bytes} of ${file.bytes} were asked for, "${headers.get('content-range')}" came`,
    );
  }
  const length = headers.get('content-length');
  if (length !== null && Number(length) > file.bytes) {
    throw wrong(place, `the hub lists ${file.bytes} bytes and sends ${length}`);
  }
}

const wrong = ({ path }: FilePlace, what: string): WrongContent => new WrongContent(path, what);
