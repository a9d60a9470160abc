import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { HoldfastError } from '../../errors.js';
import type { ByteSource, Checkpoint, TensorInfo } from '../../formats/index.js';
import { koffi } from '../../koffi.js';
import type { Address } from './bindings.js';
import { viewMemory } from './memory.js';

/** From `sys/mman.h`: the same numbers on Linux and macOS. */
const PROT_READ = 1;
const MAP_SHARED = 1;
const MADV_DONTNEED = 4;

/** `MAP_FAILED` is (void *) −1. */
const MAP_FAILED = 2n ** 64n - 1n;

/** The system's calls, bound once: koffi keeps what it binds. Windows has none of these. */
let calls: ReturnType<typeof bindCalls> | null = null;

function bindCalls() {
  const libc = koffi.load(null);
  return {
    mmap: libc.func('void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)'),
    munmap: libc.func('int munmap(void *addr, size_t length)'),
    madvise: libc.func('int madvise(void *addr, size_t length, int advice)'),
  };
}

/** Views begin at a multiple of this, so that typed arrays find the alignment that their offset promises. */
const ALIGNMENT = 64;

/**
 * A file mapped into memory: its pages are read when they are used, and shared with every process that maps it. A file
 * that is deleted, or replaced by another, stays as it was. One that is written to changes here too, and a page behind
 * the end of one that became shorter ends the process: hence {@link assertUnchanged}.
 */
export class MappedFile {
  /** Offset of each view. */
  readonly #views = new WeakMap<ArrayBufferLike, number>();
  #isMapped = true;

  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private readonly stats: Stats,
    readonly address: Address,
    private readonly unmap: () => void,
    private readonly advise: (advice: number) => void,
  ) {}

  get size(): number {
    return this.stats.size;
  }

  /** Maps a file of this size for reading; null where the system has no `mmap` or refuses. */
  static open(path: string, size: number): MappedFile | null {
    if (process.platform === 'win32' || size === 0) return null;
    calls ??= bindCalls();
    const { mmap, munmap, madvise } = calls;
    const descriptor = openSync(path, 'r');
    const stats = fstatSync(descriptor);
    const address =
      stats.size === size ? (mmap(null, size, PROT_READ, MAP_SHARED, descriptor, 0) as Address) : MAP_FAILED;
    if (address === MAP_FAILED) {
      closeSync(descriptor);
      return null;
    }
    return new MappedFile(
      path,
      descriptor,
      stats,
      address,
      () => munmap(address, size),
      (advice) => madvise(address, size, advice),
    );
  }

  /** @throws HoldfastError `E_UNREADABLE` if the file was written to since it was mapped */
  assertUnchanged(): void {
    const { size, mtimeMs } = fstatSync(this.descriptor);
    if (size === this.stats.size && mtimeMs === this.stats.mtimeMs) return;
    throw new HoldfastError('E_UNREADABLE', 'the file was written to while the model was in use', {
      file: this.path,
      hint: 'Load the model again. To change a file in use, write a new one and rename it',
    });
  }

  /** Returns bytes of the file, without a copy. They are gone when it is disposed of. */
  view(offset: number, length: number): Uint8Array {
    if (!this.#isMapped) throw new Error(`${this.path} is no longer mapped`);
    const skipped = offset % ALIGNMENT;
    const memory = viewMemory(this.address, this.size, offset - skipped, skipped + length);
    this.#views.set(memory, offset - skipped);
    return new Uint8Array(memory, skipped);
  }

  /** Gives the memory of the pages back that were read. They are read again when they are used again. */
  forgetPages(): void {
    this.advise(MADV_DONTNEED);
  }

  /** Returns the offset of bytes that are a view of this file; null if they are not. */
  offsetOf(bytes: Uint8Array): number | null {
    const start = this.#views.get(bytes.buffer);
    return start === undefined ? null : start + bytes.byteOffset;
  }

  dispose(): void {
    this.#isMapped = false;
    this.unmap();
    closeSync(this.descriptor);
  }
}

/** A checkpoint whose files are mapped where that is possible. Reading its tensors then copies nothing. */
export class MappedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly #files = new Map<string, MappedFile>();

  constructor(original: Checkpoint) {
    const tensors = new Map<string, TensorInfo>();
    for (const [name, info] of original.tensors)
      tensors.set(name, { ...info, source: this.#mapped(info.source) });
    this.checkpoint = { ...original, tensors };
  }

  /** The mapping of a tensor's file; null if it is not mapped. */
  fileOf({ source }: TensorInfo): MappedFile | null {
    return source.file === undefined ? null : (this.#files.get(source.file) ?? null);
  }

  forgetPages(): void {
    for (const file of this.#files.values()) file.forgetPages();
  }

  /** @throws HoldfastError `E_UNREADABLE` if a mapped file was written to */
  assertUnchanged(): void {
    for (const file of this.#files.values()) file.assertUnchanged();
  }

  #mapped(source: ByteSource): ByteSource {
    if (source.file === undefined) return source;
    const file = this.#files.get(source.file) ?? MappedFile.open(source.file, source.size);
    if (file === null) return source;
    this.#files.set(source.file, file);
    return { ...source, read: async (offset, length) => file.view(offset, length) };
  }

  dispose(): void {
    for (const file of this.#files.values()) file.dispose();
    this.#files.clear();
  }
}
