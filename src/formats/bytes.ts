/** A readable sequence of bytes: a file, an HTTP resource or memory. This room reads everything through it. */
export interface ByteSource {
  /** The path or URL shown in errors. */
  readonly name: string;
  /** Total size in bytes. */
  readonly size: number;
  /** The path of the file that these are the bytes of, for readers that map it into memory. Absent if it is none. */
  readonly file?: string;
  /**
   * Reads exactly `length` bytes from `offset`.
   * The caller guarantees `offset + length <= size`. A source that cannot deliver `length` bytes throws `E_UNREADABLE`.
   * The result may be a view of the source's own memory: do not write to it.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** Returns a source over bytes in memory. Reads return views and copy nothing. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** The hint of errors about a file that ends too early. */
export const TRUNCATED_HINT = 'The file is truncated or corrupt: download it again';
