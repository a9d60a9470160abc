import { constants } from 'node:fs';
import { mkdir, open, realpath, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from '../errors.js';
import { renameFile, syncFolder } from '../files/index.js';
import { type Lock, tryLock } from '../lock.js';
import { type HubCache, sizeOf, writing } from './hub-cache.js';
import type { Asking, FilePlace, HubClient } from './hub-client.js';
import type { Response } from './hub-http.js';
import type { RepoFile } from './hub-listing.js';
import { PartialFile, WrongContent } from './partial-file.js';
import { TransientError, waitBeforeRetry } from './retry.js';

/** What a download needs, and where it reports. */
interface Fetching extends Asking {
  readonly client: HubClient;
  readonly cache: HubCache;
  /** Called with the bytes of the file on disk whenever they change. They decrease if the download restarts. */
  readonly onBytes: (bytes: number) => void;
}

/** How a file got into the cache. */
export type Arrival = 'fetched' | 'resumed' | 'found';

const LOCK_POLL_MS = 200;

/**
 * Downloads a file of the hub into the cache, named by its hash, unless it is there. Resumes an incomplete download.
 * Checks size and hash before the file gets its final name. Waits if another process is downloading the same file.
 * @throws HoldfastError `E_HUB`, `E_UNWRITABLE`; the signal's reason if aborted, which keeps the incomplete file
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
        `${file.path}: the cached copy has ${there} bytes instead of ${file.bytes}: downloading it again`,
      );
    }
    const unfinished = cache.unfinishedBlob(place.repo, file.hash);
    const arrival = await fill(unfinished, { ...place, path: file.path }, file, fetching);
    await writing(blob, async () => {
      await renameFile(unfinished, blob).catch(async (error: unknown) => {
        // Processes on different machines do not share locks: another may have finished this file first.
        if (!isMissing(error) || (await sizeOf(blob)) !== file.bytes) throw error;
      });
      await syncFolder(dirname(blob));
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
    if (waited === 0) onNote(`${file.path}: waiting for another process that is downloading it`);
    await sleep(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Downloads into the unfinished file until it is complete and its hash is correct. */
async function fill(path: string, place: FilePlace, file: RepoFile, fetching: Fetching): Promise<Arrival> {
  const handle = await writing(path, () => open(path, constants.O_RDWR | constants.O_CREAT));
  try {
    const partial = new PartialFile(handle, path, file, fetching);
    await partial.begin();
    const resumed = partial.bytes > 0;
    const answers = await growUntilWhole(partial, place, fetching);
    if (!partial.isRight() && (resumed || answers > 1)) {
      fetching.onNote(`${file.path}: the resumed download has the wrong hash: downloading it again`);
      partial.restart();
      await growUntilWhole(partial, place, fetching);
    }
    if (!partial.isRight()) throw wrong(place, 'its hash is not the one that the hub lists');
    await writing(path, () => handle.sync());
    return resumed ? 'resumed' : 'fetched';
  } catch (error) {
    // Discard corrupt and empty partial files; keep incomplete ones, to resume them.
    const isEmpty = async (): Promise<boolean> => (await handle.stat()).size === 0;
    // Report why the download failed, not why cleaning up did.
    try {
      if (error instanceof WrongContent || (await isEmpty())) await rm(path, { force: true });
    } catch {}
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Sends requests until the file has its full size. Only a thousandth of the file beyond all that was there before counts as
 * progress, so a hub cannot ask for more tries for ever. Returns the number of requests.
 */
async function growUntilWhole(partial: PartialFile, place: FilePlace, fetching: Fetching): Promise<number> {
  const whole = partial.file.bytes;
  let answers = 0;
  let reached = partial.bytes;
  for (let failed = 0; partial.bytes < whole; ) {
    answers++;
    try {
      await growOnce(partial, place, fetching);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      failed++;
      if (partial.bytes > reached + whole / 1000) {
        failed = 1;
        reached = partial.bytes;
      }
      await waitBeforeRetry(fetching.client.policy, failed, error, { ...fetching, what: place.path });
    }
  }
  return answers;
}

async function growOnce(
  partial: PartialFile,
  place: FilePlace,
  { client, signal, onNote }: Fetching,
): Promise<void> {
  const { file } = partial;
  const { response, linkedHash } = await client.open(place, partial.bytes, signal);
  try {
    if (linkedHash !== null && linkedHash.length === file.hash.length && linkedHash !== file.hash) {
      throw wrong(place, 'the hub now serves a different file under this name');
    }
    if (response.status === 200 && partial.bytes > 0) {
      onNote(`${file.path}: the hub cannot resume the download: starting again`);
      partial.restart();
    }
    checkLengths(response, partial, place);
    await partial.append(response);
  } finally {
    await response.body?.cancel().catch(() => {});
  }
  if (partial.bytes < file.bytes) {
    throw new TransientError(`the download stopped at ${partial.bytes} of ${file.bytes} bytes`);
  }
}

/** Checks the response's headers against the expected file before its body is read. */
function checkLengths({ status, headers }: Response, { bytes, file }: PartialFile, place: FilePlace): void {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity')
    throw wrong(place, `the response is compressed (${encoding})`);
  if (status === 206) {
    const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(start) === bytes && (size === '*' || Number(size) === file.bytes)) return;
    throw wrong(
      place,
      `requested bytes from ${bytes} of ${file.bytes}, received "${headers.get('content-range')}"`,
    );
  }
  const length = headers.get('content-length');
  if (length !== null && Number(length) > file.bytes) {
    throw wrong(place, `the hub lists ${file.bytes} bytes but sends ${length}`);
  }
}

const wrong = ({ path }: FilePlace, what: string): WrongContent => new WrongContent(path, what);
