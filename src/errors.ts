/**
 * The one error type of the toolkit. Every error a person can meet carries a code (documented in
 * `docs/errors.md`), says what was wrong, where (file, tensor, byte, field), and what to do about it.
 */

/** All codes, by room. A code is a promise: it never changes its meaning. */
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
  // dialogue, material, studies, command
  | 'E_DIALOGUE'
  | 'E_MATERIAL'
  | 'E_SPEC'
  | 'E_UNWRITABLE'
  | 'E_USAGE';

export interface ErrorDetails {
  /** The file the error is about. */
  readonly file?: string;
  /** The field, tensor or option the error is about. */
  readonly field?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  /** What the reader can do about it, one sentence. */
  readonly hint?: string;
  /** What is wrong, one by one, where it may be more than one thing; the message has them too. */
  readonly problems?: readonly string[];
  readonly cause?: unknown;
}

/** An error with a code and a place. Its `message` is complete: what, where, what to do. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
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
    this.file = file;
    this.field = field;
    this.offset = offset;
    this.hint = hint;
    this.problems = problems;
  }
}

/** Whether what the file system refused is not there. */
export function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}

/**
 * What the file system said about a file or folder that was to be read, for people: `E_NOT_FOUND` or `E_UNREADABLE`.
 * @param hint what to do when it is not there
 */
export function readError(file: string, cause: unknown, hint?: string): HoldfastError {
  if (isMissing(cause)) {
    const details = { file, cause, ...(hint === undefined ? {} : { hint }) };
    return new HoldfastError('E_NOT_FOUND', 'there is no such file or folder', details);
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_UNREADABLE', `the system refuses to read it: ${why}`, { file, cause });
}
