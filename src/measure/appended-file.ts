import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { HoldfastError } from '../errors.js';

/** A file that grows under a temporary name and takes its own when it is whole. */
export interface GrowingFile {
  readonly path: string;
  /** Bytes are on their way to the disk when it returns, and the buffer may be used again. */
  append(bytes: Uint8Array): void;
  /** Gives it its name, once everything is on the disk. */
  finish(): void;
  /** Takes it away, unless it has its name already. */
  discard(): void;
}

/** @throws HoldfastError `E_UNWRITABLE`, from here and from all that it does */
export function openGrowingFile(path: string): GrowingFile {
  const temporary = `${path}.${process.pid}.tmp`;
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HoldfastError('E_UNWRITABLE', `it cannot be written: ${why}`, { file: path, cause });
    }
  };
  const file = attempt(() => openSync(temporary, 'wx'));
  let open = true;
  const close = (): void => {
    open = false;
    closeSync(file);
  };
  return {
    path,
    append: (bytes) =>
      attempt(() => {
        // The system may write less than it is given.
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      }),
    finish: () =>
      attempt(() => {
        fsyncSync(file);
        close();
        renameSync(temporary, path);
      }),
    discard() {
      if (open) close();
      rmSync(temporary, { force: true });
    },
  };
}
