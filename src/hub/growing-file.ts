import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { HoldfastError } from '../errors.js';
import { hashInto, startHash } from './blob-hash.js';
import { writing } from './hub-cache.js';
import { type Response, reasonOf } from './hub-http.js';
import type { RepoFile } from './hub-listing.js';
import { TransientError } from './retry.js';

/**
 * A file that grows on the disk, hashed as it does. Bytes go to their places and nothing is cut off, so that two that grow
 * it unknown to each other, where locks do not reach, write the same bytes to the same places.
 */
export class GrowingFile {
  bytes = 0;
  private hash: Hash;

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    readonly file: RepoFile,
    private readonly watch: {
      readonly signal?: AbortSignal;
      /** Bytes that are on the disk, each time that there are more, or, after a false start, fewer. */
      readonly onBytes: (bytes: number) => void;
    },
  ) {
    this.hash = startHash(file);
  }

  /** Goes on from what is on the disk, which is hashed again: nobody knows what became of it. */
  async begin(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size > this.file.bytes) await writing(this.path, () => this.handle.truncate(0));
    this.moveTo(await hashInto(this.hash, this.path, this.watch.signal));
  }

  /** What is there is written over. */
  restart(): void {
    this.hash = startHash(this.file);
    this.moveTo(0);
  }

  /** Takes what an answer holds, as far as the connection goes. @throws TransientError when that breaks, WrongContent */
  async append(response: Response): Promise<void> {
    const chunks = response.body?.[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await chunks?.next().catch((cause: unknown) => {
          this.watch.signal?.throwIfAborted();
          throw new TransientError(`the connection broke (${reasonOf(cause)})`, undefined, { cause });
        });
        if (next === undefined || next.done === true) return;
        await this.take(next.value);
      }
    } finally {
      await chunks?.return?.().catch(() => {}); // a server that goes on sending is cut off
    }
  }

  private async take(chunk: Uint8Array): Promise<void> {
    if (this.bytes + chunk.length > this.file.bytes) {
      throw new WrongContent(
        this.file.path,
        `more than the ${this.file.bytes} bytes that the hub lists came`,
      );
    }
    await writing(this.path, () => writeAll(this.handle, chunk, this.bytes));
    this.hash.update(chunk);
    this.moveTo(this.bytes + chunk.length);
  }

  isRight(): boolean {
    return this.hash.copy().digest('hex') === this.file.hash;
  }

  private moveTo(bytes: number): void {
    this.bytes = bytes;
    this.watch.onBytes(bytes);
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    written += (await handle.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
  }
}

/** What came is not what was asked for, and of no use. */
export class WrongContent extends HoldfastError {
  constructor(file: string, what: string) {
    super('E_HUB', what, {
      file,
      hint: 'What had come is thrown away: try again, or check HF_ENDPOINT and proxies',
    });
  }
}
