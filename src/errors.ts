/**
 * The error type of the toolkit. Every error that a user can meet has a code (documented in `docs/errors.md`) and says
 * what was wrong, where (file, tensor, byte, field), and what to do.
 */

/** All error codes, by room. A code never changes its meaning. */
export type ErrorCode =
  // names and files
  | 'E_NOT_FOUND'
  | 'E_UNREADABLE'
  | 'E_UNKNOWN_FORMAT'
  | 'E_HUB'
  // formats
  | 'E_SAFETENSORS'
  | 'E_GGUF'
  | 'E_TENSOR_TYPE'
  | 'E_TENSOR_MISSING'
  | 'E_TENSOR_SHAPE'
  | 'E_TENSOR_VALUE'
  // text
  | 'E_TOKENIZER'
  | 'E_TEMPLATE'
  | 'E_SPANS'
  // architectures
  | 'E_CONFIG'
  | 'E_UNSUPPORTED'
  // attention
  | 'E_POLICY'
  | 'E_STRENGTH'
  | 'E_TARGET'
  | 'E_UNTOUCHED'
  // executors, engine
  | 'E_EXECUTOR'
  | 'E_TOKEN_RANGE'
  | 'E_CONTEXT_FULL'
  | 'E_SAMPLING'
  | 'E_DISPOSED'
  | 'E_ABORTED'
  | 'E_BUSY'
  // server
  | 'E_LISTEN'
  // dialogue, material, studies, command
  | 'E_DIALOGUE'
  | 'E_HOLD'
  | 'E_MATERIAL'
  | 'E_LABELS'
  | 'E_QUEUE'
  | 'E_SPEC'
  | 'E_UNWRITABLE'
  | 'E_USAGE';

/** Whether this is a browser, which has no commands: a hint then says what to do there. */
export const IN_BROWSER = (globalThis as { readonly process?: object }).process === undefined;

/** The location of an error, and what to do about it. */
export interface ErrorDetails {
  /** The file the error is about. */
  readonly file?: string;
  /** The field, tensor or option the error is about. */
  readonly field?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  /** What to do, in one sentence. */
  readonly hint?: string;
  /** The individual problems, if there can be several. The message includes them. */
  readonly problems?: readonly string[];
  readonly cause?: unknown;
}

/** An error with a code and a location. Its `message` is complete: what, where, what to do. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  /** What is wrong, without place and hint. */
  readonly what: string;
  readonly file: string | undefined;
  readonly field: string | undefined;
  readonly offset: number | undefined;
  readonly hint: string | undefined;
  readonly problems: readonly string[];

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const { file, field, offset, hint, problems = [], cause } = details;
    const place = [
      file,
      field === undefined ? undefined : `field ${field}`,
      offset === undefined ? undefined : `byte ${offset}`,
    ].filter((part) => part !== undefined);
    const where = place.length > 0 ? ` (${place.join(', ')})` : '';
    super(
      `${code}: ${what}${where}${hint === undefined ? '' : `. ${hint}`}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.what = what;
    this.file = file;
    this.field = field;
    this.offset = offset;
    this.hint = hint;
    this.problems = problems;
  }
}

/** Returns the message of an error, which may be anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether an error of the system has one of some codes. */
export function hasCode(error: unknown, codes: readonly unknown[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}

/** Whether a file system error means that the file does not exist. */
export function isMissing(cause: unknown): boolean {
  return hasCode(cause, ['ENOENT', 'ENOTDIR']);
}

/**
 * Turns a file system error about reading a file or folder into `E_NOT_FOUND` or `E_UNREADABLE`.
 * @param hint what to do if the file does not exist
 */
export function readError(file: string, cause: unknown, hint?: string): HoldfastError {
  if (isMissing(cause)) {
    const details = { file, cause, ...(hint === undefined ? {} : { hint }) };
    return new HoldfastError('E_NOT_FOUND', 'there is no such file or folder', details);
  }
  return new HoldfastError('E_UNREADABLE', `it cannot be read: ${messageOf(cause)}`, { file, cause });
}
