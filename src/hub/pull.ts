import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors.js';
import { readText } from '../files/index.js';
import { shardNames } from '../formats/index.js';
import { type Arrival, fetchBlob } from './download.js';
import { type HubCache, sizeOf, writing } from './hub-cache.js';
import type { Asking, HubClient } from './hub-client.js';
import type { RepoFile, RepoListing } from './hub-listing.js';
import { INDEX } from './model-folder.js';
import { type HubName, hubNameText } from './model-name.js';
import { type Needed, neededFiles } from './needed-files.js';

/** Progress of a download. */
export interface PullProgress {
  /** The file that is being fetched. */
  readonly file: string;
  /** Its number among the files to fetch, from 1. */
  readonly number: number;
  /** Files to fetch: those that were not in the cache. */
  readonly files: number;
  /** Bytes of all these files. */
  readonly bytes: number;
  /** Bytes of them on disk. */
  readonly doneBytes: number;
}

/** A file of a model that is in the cache. */
export interface PulledFile {
  readonly path: string;
  readonly bytes: number;
  readonly arrival: Arrival;
}

/** How a pull is cancelled, and where it reports. */
export interface PullWatch extends Asking {
  readonly onProgress: (progress: PullProgress) => void;
  /** Called when a file is in the cache. */
  readonly onFile: (file: PulledFile) => void;
}

/** A model that is completely in the cache. */
export interface PulledModel {
  /** The path for `openModel`: the snapshot's folder, or the (first) GGUF file in it. */
  readonly path: string;
  readonly commit: string;
  readonly files: readonly PulledFile[];
}

/**
 * Downloads the files of a model that are not in the cache yet, and checks them.
 * @throws HoldfastError `E_HUB`; `E_UNWRITABLE` if the cache cannot be written or, before the download starts, if the
 * disk has too little space
 */
export async function pull(
  name: HubName,
  { client, cache }: { readonly client: HubClient; readonly cache: HubCache },
  listing: RepoListing,
  watch: PullWatch,
): Promise<PulledModel> {
  const { repo, revision } = name;
  const { commit } = listing;
  const needed = neededFiles(
    listing.files.map(({ path }) => path),
    name,
  );
  const arrived: PulledFile[] = [];
  const fetchAll = async (paths: readonly string[]): Promise<void> => {
    const files = paths.map((path) => fileOf(listing, path, name));
    const missing: RepoFile[] = [];
    for (const file of files) {
      if (!(await cache.has(repo, commit, file))) missing.push(file);
    }
    await requireSpace(cache, repo, missing);
    for (const file of files) {
      const index = missing.indexOf(file);
      const before = sumBytes(missing.slice(0, index));
      const arrival =
        index < 0
          ? 'found'
          : await fetchFile({ repo, commit }, file, client, cache, {
              ...watch,
              onBytes: (bytes) =>
                watch.onProgress({
                  ...{ file: file.path, number: index + 1, files: missing.length },
                  bytes: sumBytes(missing),
                  doneBytes: before + bytes,
                }),
            });
      const pulled = { path: file.path, bytes: file.bytes, arrival };
      arrived.push(pulled);
      watch.onFile(pulled);
    }
  };
  const snapshot = cache.snapshot(repo, commit);
  if (needed.kind === 'gguf') await fetchAll(needed.parts);
  else {
    // Fetch the index first: it lists the shards, and so the space that they need.
    if (needed.weights === INDEX) await fetchAll([INDEX]);
    await fetchAll([...needed.side, ...(await weightFiles(needed, snapshot))]);
  }
  await cache.writeRef(repo, revision, commit);
  return { path: pathIn(snapshot, needed), commit, files: arrived };
}

/** Returns the path of a snapshot for `openModel`. */
export const pathIn = (snapshot: string, needed: Needed): string =>
  needed.kind === 'gguf' ? join(snapshot, needed.parts[0]!) : snapshot;

/**
 * Returns the weight files of a snapshot. If the weights are sharded, reads the index, which must be in the cache.
 * @throws HoldfastError `E_SAFETENSORS` for an invalid index, `E_HUB` if it names anything but safetensors beside it
 */
export async function weightFiles(
  { weights }: Extract<Needed, { kind: 'folder' }>,
  snapshot: string,
): Promise<string[]> {
  if (weights !== INDEX) return [weights];
  const index = join(snapshot, INDEX);
  const shards = shardNames(index, await readText(index));
  const other = shards.find((shard) => !/^[^/\\]+\.safetensors$/.test(shard));
  if (other === undefined) return shards;
  throw new HoldfastError(
    'E_HUB',
    `the index names ${JSON.stringify(other)}, which is not a safetensors file beside it`,
    { file: index, field: 'weight_map' },
  );
}

async function fetchFile(
  place: { readonly repo: string; readonly commit: string },
  file: RepoFile,
  client: HubClient,
  cache: HubCache,
  watch: Asking & { readonly onBytes: (doneBytes: number) => void },
): Promise<Arrival> {
  // Create it before the download starts: Python treats a repository without snapshots as corrupt.
  const snapshot = cache.snapshot(place.repo, place.commit);
  await writing(snapshot, () => mkdir(snapshot, { recursive: true }));
  const arrival = await fetchBlob(place, file, { ...watch, client, cache });
  await cache.link(place.repo, place.commit, file.path, file.hash);
  return arrival;
}

function fileOf({ files }: RepoListing, path: string, name: HubName): RepoFile {
  const file = files.find((candidate) => candidate.path === path);
  if (file !== undefined) return file;
  throw new HoldfastError(
    'E_HUB',
    `the index names ${JSON.stringify(path)}, which the repository does not have`,
    {
      file: hubNameText(name),
      field: 'weight_map',
    },
  );
}

const sumBytes = (files: readonly RepoFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Checks that the disk has space for the missing files. @throws HoldfastError `E_UNWRITABLE` if not */
async function requireSpace(cache: HubCache, repo: string, missing: readonly RepoFile[]): Promise<void> {
  let missingBytes = 0;
  for (const file of missing) {
    if ((await sizeOf(cache.blob(repo, file.hash))) === file.bytes) continue;
    missingBytes += file.bytes - ((await sizeOf(cache.unfinishedBlob(repo, file.hash))) ?? 0);
  }
  if (missingBytes <= 0) return;
  await writing(cache.folder, () => mkdir(cache.folder, { recursive: true }));
  const { bavail, bsize } = await statfs(cache.folder);
  const freeBytes = bavail * bsize;
  if (missingBytes <= freeBytes) return;
  const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
  throw new HoldfastError(
    'E_UNWRITABLE',
    `the model needs ${gib(missingBytes)} GiB more, but the disk has ${gib(freeBytes)} GiB free`,
    { file: cache.folder, hint: 'Free some space, or set HF_HUB_CACHE to a folder on another disk' },
  );
}
