import { HoldfastError } from '../errors.js';
import { type ByteSource, TRUNCATED_HINT } from './bytes.js';

/** Size of the first read. Most headers without a vocabulary are smaller. */
const FIRST_WINDOW_BYTES = 64 * 1024;
/** Each read is four times the last, up to this size: large headers need few reads, small ones few bytes. */
const LARGEST_WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * Limit on the memory that decoded values need beyond their bytes in the file. An object needs far more memory than
 * file bytes (an empty array is 12 bytes in a file); how much more depends on the version of Node. Real headers, with
 * up to 800,000 strings, stay below the limit.
 */
const OVERHEAD_BUDGET_BYTES = 40 * 1024 * 1024;

/** A value that is invalid, but whose length is known. */
interface Fault {
  readonly what: string;
  readonly field: string;
  readonly offset: number;
}

/**
 * Reads a GGUF header forward through a window over the source. `need` loads the bytes of the next fields into the
 * window. It returns a promise only if it has to read, so that 250,000 strings of a vocabulary do not take 250,000
 * turns of the event loop. The reading methods trust that `need` was called.
 */
export class GgufCursor {
  private window: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  /** Offset of the window in the source. */
  private windowStart = 0;
  /** Position within the window. */
  private at = 0;
  private nextWindowBytes = FIRST_WINDOW_BYTES;
  private overheadBytes = 0;
  // Keep byte order marks: vocabularies contain them as tokens. Report invalid UTF-8: replacement characters would make
  // different tokens equal.
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private readonly lossyDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private fault: Fault | null = null;

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
    throw this.error(what, field, offset, hint);
  }

  error(what: string, field: string, offset: number, hint?: string): HoldfastError {
    const { name: file } = this.source;
    return new HoldfastError('E_GGUF', what, { file, field, offset, ...(hint ? { hint } : {}) });
  }

  /** Records a fault; reading can continue after the value. Only the first fault is kept until `takeFault`. */
  flaw(what: string, field: string, offset: number): void {
    this.fault ??= { what, field, offset };
  }

  /** Returns the fault of what was read since the last call; null if there is none. */
  takeFault(): Fault | null {
    const { fault } = this;
    this.fault = null;
    return fault;
  }

  /** Loads `bytes` bytes into the window. Refuses a field that extends past the end of the file. */
  need(bytes: number, field: string): Promise<void> | undefined {
    if (this.at + bytes <= this.window.length) return undefined;
    this.require(bytes, field);
    return this.refill(bytes);
  }

  private require(bytes: number, field: string): void {
    if (bytes <= this.remaining) return;
    const what = `${bytes} bytes are needed, but the file has ${this.remaining} left`;
    this.fail(what, field, this.position, TRUNCATED_HINT);
  }

  /** Counts `count` objects of `bytesEach` bytes towards the memory limit, before they are created. */
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

  /** A count, size or offset. Above 2^53 it is the nearest f64, which exceeds every limit it is checked against. */
  u64(): number {
    this.at += 8;
    return this.view.getUint32(this.at - 4, true) * 2 ** 32 + this.view.getUint32(this.at - 8, true);
  }

  /** Reads a scalar of `bytes` bytes with the given function. */
  scalar<T>(bytes: number, read: (view: DataView, at: number) => T): T {
    this.at += bytes;
    return read(this.view, this.at - bytes);
  }

  /** Reads `bytes` bytes into a buffer of their own. Does not require `need`. */
  async copy(bytes: number, field: string): Promise<Uint8Array> {
    if (bytes <= LARGEST_WINDOW_BYTES) {
      await this.need(bytes, field);
      this.at += bytes;
      return this.window.slice(this.at - bytes, this.at);
    }
    // Bypass the window, so that a large array is not in memory twice.
    this.require(bytes, field);
    const read = await this.source.read(this.position, bytes);
    this.moveTo(this.position + bytes, new Uint8Array(0));
    return read.length === read.buffer.byteLength ? read : new Uint8Array(read); // a Buffer's slice() is a view
  }

  /**
   * Reads a string: its length in bytes as u64, then UTF-8. Synchronous if the window holds it. Invalid UTF-8 is a fault
   * (see `takeFault`).
   */
  string(field: string): string | Promise<string> {
    const wait = this.need(8, field);
    if (wait !== undefined) return wait.then(() => this.string(field));
    const length = this.u64();
    if (length > this.remaining) {
      const what = `a string claims ${length} bytes, but the file has ${this.remaining} left`;
      this.fail(what, field, this.position - 8);
    }
    const text = this.need(length, field);
    return text === undefined ? this.decode(length, field) : text.then(() => this.decode(length, field));
  }

  private decode(length: number, field: string): string {
    const start = this.at;
    this.at += length;
    const bytes = this.window.subarray(start, start + length);
    try {
      return this.decoder.decode(bytes);
    } catch {
      this.flaw('a string is not UTF-8', field, this.windowStart + start);
      return this.lossyDecoder.decode(bytes);
    }
  }
}
