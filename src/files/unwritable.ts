import { HoldfastError, messageOf } from '../errors.js';

/**
 * Returns the error for a file that could not be written. A cause that is a HoldfastError is returned unchanged, since it
 * already names its file.
 * @param hint what to do about it
 */
export function unwritable(path: string, cause: unknown, hint?: string): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const reason = messageOf(cause);
  const details = { file: path, cause, ...(hint === undefined ? {} : { hint }) };
  return new HoldfastError('E_UNWRITABLE', `cannot write: ${reason}`, details);
}
