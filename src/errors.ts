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
  // dialogue, material, command
  | 'E_DIALOGUE'
  | 'E_MATERIAL'
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

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const { file, field, offset, hint, cause } = details;
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
  }
}
