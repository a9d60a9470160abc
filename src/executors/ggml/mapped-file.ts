import { closeSync, fstatSync, openSync } from 'node:fs';
import koffi from 'koffi';
import type { ByteSource, Checkpoint, TensorInfo } from '../../formats/index.js';
import { type Address, memoryAt } from './bindings.js';

/** From `sys/mman.h`: the same numbers on Linux and macOS. */
const PROT_READ = 1;
const MAP_SHARED = 1;

/** `MAP_FAILED` is (void *) −1. */
const MAP_FAILED = 2n ** 64n - 1n;

/** A file mapped into memory: its pages are read when they are used, and shared with every process that maps it. */
export class MappedFile {
  /** Where each view begins. */
  readonly #views = new WeakMap<ArrayBufferLike, Address>();

  private constructor(
    readonly address: Address,
    readonly size: number,
    private readonly unmap: () => void,
  ) {}

  /** Maps a file for reading; null where the system has no `mmap` or refuses. */
  static open(path: string): MappedFile | null {
    if (process.platform === 'win32') return null;
    const libc = koffi.load(null);
    const mmap = libc.func(
      'void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)',
    );
    const munmap = libc.func('int munmap(void *addr, size_t length)');
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      if (size === 0) return null;
      const address = mmap(null, size, PROT_READ, MAP_SHARED, descriptor, 0) as Address;
      return address === MAP_FAILED ? null : new MappedFile(address, size, () => munmap(address, size));
    } finally {
      closeSync(descriptor);
    }
  }

  /** Returns bytes of the file, without a copy. */
  view(offset: number, length: number): Uint8Array {
    const address = this.address + BigInt(offset);
    const memory = memoryAt(address, length);
    this.#views.set(memory, address);
    return new Uint8Array(memory);
  }

  /** Returns the address of bytes that are a view of this file; null if they are not. */
  addressOf(bytes: Uint8Array): Address | null {
    const start = this.#views.get(bytes.buffer);
    return start === undefined ? null : start + BigInt(bytes.byteOffset);
  }

  dispose(): void {
    this.unmap();
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

  get files(): readonly MappedFile[] {
    return [...this.#files.values()];
  }

  #mapped(source: ByteSource): ByteSource {
    if (source.file === undefined) return source;
    const file = this.#files.get(source.file) ?? MappedFile.open(source.file);
    if (file === null || file.size !== source.size) return source;
    this.#files.set(source.file, file);
    return { ...source, read: async (offset, length) => file.view(offset, length) };
  }

  dispose(): void {
    for (const file of this.#files.values()) file.dispose();
    this.#files.clear();
  }
}
