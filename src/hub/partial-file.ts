import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { HoldfastError } from '../errors.js';
import { writeAll } from '../files/index.js';
import { hashInto, startHash } from './blob-hash.js';
import { writing } from './hub-cache.js';
import { type Response, reasonOf } from './hub-http.js';
import type { RepoFile } from './hub-listing.js';
import { TransientError } from './retry.js';

/**
 * A download in progress: a file that grows on disk and is hashed as it grows. Each byte is written at its own offset
 * and nothing is truncated. So two machines that share a cache, but not locks, write the same bytes to the same places.
 */
export class PartialFile {
  bytes = 0;
  private hash: Hash;

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    readonly file: RepoFile,
    private readonly watch: {
      readonly signal?: AbortSignal;
      /** Called with the bytes on disk whenever they change. They decrease if the download restarts. */
      readonly onBytes: (bytes: number) => void;
    },
  ) {
    this.hash = startHash(file);
  }

  /** Resumes from the bytes on disk. Hashes them again, because they may have changed. */
  async begin(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size > this.file.bytes) await writing(this.path, () => this.handle.truncate(0));
    this.moveTo(await hashInto(this.hash, this.path, this.watch.signal));
  }

  /** Starts again from the first byte, overwriting the file. */
  restart(): void {
    this.hash = startHash(this.file);
    this.moveTo(0);
  }

  /** Appends the body of a response. @throws TransientError if the connection breaks, WrongContent if it is too long */
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
      await chunks?.return?.().catch(() => {}); // cancels a server that keeps sending
    }
  }

  private async take(chunk: Uint8Array): Promise<void> {
    if (this.bytes + chunk.length > this.file.bytes) {
      throw new WrongContent(
        this.file.path,
        `received more than the ${this.file.bytes} bytes that the hub lists`,
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

/** The received content is not the requested file. It cannot be resumed. */
export class WrongContent extends HoldfastError {
  constructor(file: string, what: string) {
    super('E_HUB', what, {
      file,
      hint: 'The download was discarded: try again, or check HF_ENDPOINT and proxies',
    });
  }
}
