import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readError } from '../errors.js';
import type { RepoFile } from './hub-listing.js';

/**
 * Starts the hash by which the hub identifies a file: SHA-256 of a large file's bytes, or git's blob id of a small
 * file, which is the SHA-1 of `blob SIZE\0` and the bytes.
 */
export function startHash({ hashKind, bytes }: RepoFile): Hash {
  return hashKind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}

/**
 * Updates a hash with the bytes of a file. Returns the number of bytes.
 * @throws HoldfastError `E_UNREADABLE`, `E_NOT_FOUND`; the signal's reason if aborted
 */
export async function hashInto(hash: Hash, path: string, signal?: AbortSignal): Promise<number> {
  const stream = createReadStream(path, {
    highWaterMark: 1024 * 1024,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    for await (const chunk of stream) hash.update(chunk);
  } catch (cause) {
    signal?.throwIfAborted();
    throw readError(path, cause);
  }
  return stream.bytesRead;
}
