import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { RepoFile } from './hub-listing.js';

/**
 * The hash that a file of the hub is named by, to be fed its bytes: SHA-256 for large ones, for small ones git's id of a
 * blob, the SHA-1 of `blob SIZE\0` and the bytes.
 */
export function startHash({ hashKind, bytes }: RepoFile): Hash {
  return hashKind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}

/** Feeds a hash the bytes of a file; returns how many there were. */
export async function hashInto(hash: Hash, path: string, signal?: AbortSignal): Promise<number> {
  const stream = createReadStream(path, {
    highWaterMark: 1024 * 1024,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const chunk of stream) hash.update(chunk);
  return stream.bytesRead;
}
