import { mkdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors.js';
import { shardNames } from '../formats/index.js';
import { type Arrival, fetchBlob } from './download.js';
import { type HubCache, sizeOf, writing } from './hub-cache.js';
import type { Asking, HubClient } from './hub-client.js';
import type { RepoFile, RepoListing } from './hub-listing.js';
import { INDEX } from './model-folder.js';
import { type HubName, hubNameText } from './model-name.js';
import { type Needed, neededFiles } from './needed-files.js';

/** How far a model's files are. */
export interface PullProgress {
  readonly file: string;
  readonly fileBytes: number;
  /** Of the file's, on the disk. */
  readonly doneBytes: number;
}

export interface PulledFile {
  readonly path: string;
  readonly bytes: number;
  readonly arrival: Arrival;
}

export interface PullWatch extends Asking {
  readonly onProgress: (progress: PullProgress) => void;
  /** A file is there. */
  readonly onFile: (file: PulledFile) => void;
}

/** A model that is wholly in the cache. */
export interface PulledModel {
  /** What `openModel` opens: the snapshot's folder, or the (first) GGUF file in it. */
  readonly path: string;
  readonly commit: string;
  readonly files: readonly PulledFile[];
}

/**
 * Fetches what of a model is not in the cache yet, checked and whole.
 * @throws HoldfastError `E_HUB`; `E_UNWRITABLE` where the cache cannot be written, or before the first byte when the
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
    await requireSpace(cache, repo, commit, files);
    for (const file of files) {
      const arrival = await fetchFile({ repo, commit }, file, client, cache, watch);
      const pulled = { path: file.path, bytes: file.bytes, arrival };
      arrived.push(pulled);
      watch.onFile(pulled);
    }
  };
  const snapshot = cache.snapshot(repo, commit);
  if (needed.kind === 'gguf') await fetchAll(needed.parts);
  else {
    // The index first: it names the rest of the weights, and so what space they take.
    if (needed.weights === INDEX) await fetchAll([INDEX]);
    await fetchAll([...needed.side, ...(await weightFiles(needed, snapshot))]);
  }
  await cache.writeRef(repo, revision, commit);
  return { path: pathIn(snapshot, needed), commit, files: arrived };
}

/** What is opened of a snapshot. */
export const pathIn = (snapshot: string, needed: Needed): string =>
  needed.kind === 'gguf' ? join(snapshot, needed.parts[0]!) : snapshot;

/**
 * The weights of a snapshot whose index, where it has one, is there.
 * @throws HoldfastError `E_SAFETENSORS` when it is no index, `E_HUB` when it names anything but safetensors beside it
 */
export async function weightFiles(
  { weights }: Extract<Needed, { kind: 'folder' }>,
  snapshot: string,
): Promise<string[]> {
  if (weights !== INDEX) return [weights];
  const index = join(snapshot, INDEX);
  const shards = shardNames(index, await readFile(index, 'utf8'));
  const other = shards.find((shard) => !/^[^/\\]+\.safetensors$/.test(shard));
  if (other === undefined) return shards;
  throw new HoldfastError(
    'E_HUB',
    `the index names ${JSON.stringify(other)}, which is no safetensors file beside it`,
    { file: index, field: 'weight_map' },
  );
}

async function fetchFile(
  place: { readonly repo: string; readonly commit: string },
  file: RepoFile,
  client: HubClient,
  cache: HubCache,
  watch: PullWatch,
): Promise<Arrival> {
  if (await cache.has(place.repo, place.commit, file)) return 'found';
  const { path, bytes } = file;
  // Before the first byte: without snapshots Python takes a repository for damaged.
  const snapshot = cache.snapshot(place.repo, place.commit);
  await writing(snapshot, () => mkdir(snapshot, { recursive: true }));
  const onBytes = (doneBytes: number): void => watch.onProgress({ file: path, fileBytes: bytes, doneBytes });
  const arrival = await fetchBlob(place, file, { ...watch, client, cache, onBytes });
  await cache.link(place.repo, place.commit, path, file.hash);
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

/** @throws HoldfastError `E_UNWRITABLE` when the files that are missing are more than the disk has space for */
async function requireSpace(
  cache: HubCache,
  repo: string,
  commit: string,
  files: readonly RepoFile[],
): Promise<void> {
  let missingBytes = 0;
  for (const file of files) {
    if (await cache.has(repo, commit, file)) continue;
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
    `the model takes ${gib(missingBytes)} GiB more, the disk has ${gib(freeBytes)} GiB free`,
    { file: cache.folder, hint: 'Make space, or name a folder on another disk with HF_HUB_CACHE' },
  );
}
