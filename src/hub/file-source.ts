import { type FileHandle, open } from 'node:fs/promises';
import { HoldfastError, readError } from '../errors.js';
import type { ByteSource } from '../formats/index.js';

/** The system reads at most 2 GiB at once. */
const LARGEST_READ_BYTES = 1024 * 1024 * 1024;

/**
 * Opens a file as a source of bytes. It stays open until `close`.
 * @throws HoldfastError `E_NOT_FOUND`; `E_UNREADABLE` if the path is not a file or cannot be read
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const handle = await openHandle(path);
  let size: number;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new HoldfastError('E_UNREADABLE', 'it is not a file', { file: path });
    size = stats.size;
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    name: path,
    file: path,
    size,
    read: (offset, length) => readExactly(handle, path, offset, length),
    close: () => handle.close(),
  };
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw readError(path, cause);
  }
}

async function readExactly(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const wanted = Math.min(length - filled, LARGEST_READ_BYTES);
    let got: number;
    try {
      got = (await handle.read(bytes, filled, wanted, offset + filled)).bytesRead;
    } catch (cause) {
      throw readError(path, cause);
    }
    if (got === 0) {
      throw new HoldfastError('E_UNREADABLE', `the file ended ${length - filled} bytes early`, {
        file: path,
        offset: offset + filled,
        hint: 'It was truncated while it was open: download it again',
      });
    }
    filled += got;
  }
  return bytes;
}
