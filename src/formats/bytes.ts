/** Where bytes come from: a file, an HTTP range, memory. The only thing this room knows of the outside. */
export interface ByteSource {
  /** How errors name it: a path or an address. */
  readonly name: string;
  /** Total size in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`.
   * The caller has checked `offset + length <= size`; a source that delivers fewer bytes throws `E_UNREADABLE`.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}
