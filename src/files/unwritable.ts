import { HoldfastError } from '../errors.js';

/**
 * The error for a file that could not be written. An error that is a HoldfastError already names its file and stays.
 * @param hint what to do about it
 */
export function unwritable(path: string, cause: unknown, hint?: string): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const details = { file: path, cause, ...(hint === undefined ? {} : { hint }) };
  return new HoldfastError('E_UNWRITABLE', `cannot write: ${reason}`, details);
}
