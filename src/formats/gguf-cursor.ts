import { HoldfastError } from '../errors.js';
import type { ByteSource } from './bytes.js';

/** The first read; most files without a vocabulary have a smaller header. */
const FIRST_WINDOW_BYTES = 64 * 1024;
/** The window grows fourfold up to this: a header of many megabytes takes few reads, a small one few bytes. */
const LARGEST_WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * What decoded values may take beyond their own bytes: objects cost far more in memory than in a file, where an
 * empty array is 12 bytes, and how much more depends on the version of Node. Real headers have up to 800,000 strings
 * and stay below it.
 */
const OVERHEAD_BUDGET_BYTES = 40 * 1024 * 1024;

/**
 * Reads a GGUF header forward through a window over the source. Before fields are read, `need` brings their bytes
 * into the window; it returns a promise only when it has to read, so that a vocabulary of 250,000 strings does not
 * cost as many turns of the event loop. The reading methods trust that `need` was called.
 */
export class GgufCursor {
  private window: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  /** Where the window begins in the source. */
  private windowStart = 0;
  /** Position within the window. */
  private at = 0;
  private nextWindowBytes = FIRST_WINDOW_BYTES;
  private overheadBytes = 0;
  // A byte order mark is a token like any other; text that is not UTF-8 must not turn into equal replacement marks.
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(private readonly source: ByteSource) {}

  /** Absolute position in the source. */
  get position(): number {
    return this.windowStart + this.at;
  }

  /** Bytes from the position to the end of the source. */
  get remaining(): number {
    return this.source.size - this.position;
  }

  fail(what: string, field: string, offset = this.position, hint?: string): never {
    throw new HoldfastError('E_GGUF', what, {
      file: this.source.name,
      field,
      offset,
      ...(hint ? { hint } : {}),
    });
  }

  /** Makes sure that `bytes` bytes can be read; refuses a field that the file is too short for. */
  need(bytes: number, field: string): Promise<void> | undefined {
    if (this.at + bytes <= this.window.length) return undefined;
    this.require(bytes, field);
    return this.refill(bytes);
  }

  private require(bytes: number, field: string): void {
    if (bytes <= this.remaining) return;
    const hint = 'The file is cut short or damaged: fetch it again';
    this.fail(`${bytes} bytes are needed, the file has ${this.remaining} left`, field, this.position, hint);
  }

  /** Accounts for `count` objects of `bytesEach` bytes of memory, before they are made. */
  charge(count: number, bytesEach: number, field: string): void {
    this.overheadBytes += count * bytesEach;
    if (this.overheadBytes > OVERHEAD_BUDGET_BYTES) {
      this.fail('the header describes more objects than any model has', field);
    }
  }

  private async refill(bytes: number): Promise<void> {
    const start = this.position;
    const length = Math.min(this.source.size - start, Math.max(bytes, this.nextWindowBytes));
    this.nextWindowBytes = Math.min(this.nextWindowBytes * 4, LARGEST_WINDOW_BYTES);
    this.moveTo(start, await this.source.read(start, length));
  }

  private moveTo(start: number, window: Uint8Array): void {
    this.window = window;
    this.view = new DataView(window.buffer, window.byteOffset, window.length);
    this.windowStart = start;
    this.at = 0;
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** A count, size or offset. Above 2^53 the nearest f64, which is above every limit it will be held against. */
  u64(): number {
    this.at += 8;
    return this.view.getUint32(this.at - 4, true) * 2 ** 32 + this.view.getUint32(this.at - 8, true);
  }

  /** Reads a scalar of `bytes` bytes by a function of the view. */
  scalar<T>(bytes: number, read: (view: DataView, at: number) => T): T {
    this.at += bytes;
    return read(this.view, this.at - bytes);
  }

  /** The next `bytes` bytes, in memory of their own that nothing else looks into; needs no `need`. */
  async copy(bytes: number, field: string): Promise<Uint8Array> {
    if (bytes <= LARGEST_WINDOW_BYTES) {
      await this.need(bytes, field);
      this.at += bytes;
      return this.window.slice(this.at - bytes, this.at);
    }
    // Past the window, so that a large array is not in memory twice.
    this.require(bytes, field);
    const read = await this.source.read(this.position, bytes);
    this.moveTo(this.position + bytes, new Uint8Array(0));
    return read.length === read.buffer.byteLength ? read : new Uint8Array(read); // a Buffer's slice() is a view
  }

  /** A string: its length in bytes as u64, then UTF-8. Synchronous when it lies in the window. */
  string(field: string): string | Promise<string> {
    const wait = this.need(8, field);
    if (wait !== undefined) return wait.then(() => this.string(field));
    const length = this.u64();
    if (length > this.remaining) {
      this.fail(`a string of ${length} bytes, the file has ${this.remaining} left`, field, this.position - 8);
    }
    const text = this.need(length, field);
    return text === undefined ? this.decode(length, field) : text.then(() => this.decode(length, field));
  }

  private decode(length: number, field: string): string {
    const start = this.at;
    this.at += length;
    try {
      return this.decoder.decode(this.window.subarray(start, start + length));
    } catch {
      return this.fail('a string is not UTF-8', field, this.windowStart + start);
    }
  }
}
