/** Where bytes come from: a file, an HTTP range, memory. The only thing this room knows of the outside. */
export interface ByteSource {
  /** How errors name it: a path or an address. */
  readonly name: string;
  /** Total size in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`.
   * The caller has checked `offset + length <= size`; a source that delivers fewer bytes throws `E_UNREADABLE`.
   * The result may be a view of the source's own memory: readers do not write into it.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** A source over bytes that are already here. Reads are views: nothing is copied. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
