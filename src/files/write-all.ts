import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all bytes. One system call may write fewer bytes than it is given, and at most 2 GiB.
 * @param position in the file; default: after the last write
 */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const at = position === undefined ? null : position + written;
    written += (await file.write(bytes, written, bytes.length - written, at)).bytesWritten;
  }
}
