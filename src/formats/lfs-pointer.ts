import { HoldfastError, IN_BROWSER } from '../errors.js';
import type { ByteSource } from './bytes.js';

/** The first line of a Git LFS pointer, of any version of the specification (git-lfs, docs/spec.md). */
const POINTER = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\r?\n/;
/** A pointer is smaller than this, by its specification. */
const LARGEST_POINTER_BYTES = 1024;

/**
 * Checks that a text is not a Git LFS pointer: the few lines that stand for a file in a clone without the file itself.
 * @throws HoldfastError `E_UNREADABLE` with what to do
 */
export function refusePointerText(text: string, file: string): void {
  if (!POINTER.test(text)) return;
  const size = /^size (\d+)\r?$/m.exec(text)?.[1];
  const bytes = size === undefined ? '' : ` of ${size} bytes`;
  throw new HoldfastError('E_UNREADABLE', `it is a Git LFS pointer, in place of the file${bytes}`, {
    file,
    hint: IN_BROWSER
      ? 'Serve the folder with the file itself, which git lfs pull fetches'
      : 'Run git lfs pull in its folder, or download the model by its name: holdfast pull owner/name',
  });
}

/** Checks that a source is not a Git LFS pointer. @throws HoldfastError `E_UNREADABLE` */
export async function refusePointer(source: ByteSource): Promise<void> {
  if (source.size >= LARGEST_POINTER_BYTES) return;
  refusePointerText(new TextDecoder('latin1').decode(await source.read(0, source.size)), source.name);
}
