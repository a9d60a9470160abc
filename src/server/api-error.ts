import { type ErrorCode, HoldfastError } from '../errors.js';

/** The kinds of errors that clients of the OpenAI API tell apart. */
type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'rate_limit_error'
  | 'server_error';

/** The HTTP statuses of errors, and what kind each is. */
const TYPES = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'invalid_request_error',
  405: 'invalid_request_error',
  408: 'invalid_request_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
  431: 'invalid_request_error',
  500: 'server_error',
  503: 'server_error',
} as const satisfies Readonly<Record<number, ErrorType>>;

export type ErrorStatus = keyof typeof TYPES;

/** Where an error is, and when to try again. */
export interface ApiErrorDetails {
  /** The field of the request, such as `messages.0.content`. */
  readonly param?: string | null;
  readonly code?: string | null;
  /** After how many milliseconds the same request may succeed. */
  readonly retryAfterMs?: number;
  /** The methods that the path has, for status 405. */
  readonly allow?: readonly string[];
  readonly cause?: unknown;
}

/** An error that a client is told. Its message has no paths of this machine. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterMs: number | null;
  readonly allow: readonly string[] | null;

  constructor(
    readonly status: ErrorStatus,
    message: string,
    { param = null, code = null, retryAfterMs, allow, cause }: ApiErrorDetails = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.param = param;
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
    this.allow = allow ?? null;
  }

  /** The body of the response, as the OpenAI API has it. */
  get body() {
    const { message, status, param, code } = this;
    return { error: { message, type: TYPES[status], param, code } };
  }

  /** The headers that tell clients whether to try again, and with which method. */
  get headers(): Readonly<Record<string, string>> {
    const { retryAfterMs: wait, allow } = this;
    if (allow !== null) return { allow: allow.join(', '), 'x-should-retry': 'false' };
    if (wait === null) return { 'x-should-retry': 'false' };
    return {
      'x-should-retry': 'true',
      'retry-after-ms': String(wait),
      'retry-after': String(Math.ceil(wait / 1000)),
    };
  }
}

/** The codes of errors that a request causes, with the part of it that they are about; null if it is the error's field. */
const CAUSED_BY_REQUESTS: Readonly<Partial<Record<ErrorCode, string | null>>> = {
  E_CONTEXT_FULL: 'messages',
  E_DIALOGUE: 'messages',
  E_TEMPLATE: 'messages',
  E_SPANS: 'messages',
  E_TOKEN_RANGE: 'prompt',
  E_POLICY: 'hold.policy',
  E_STRENGTH: 'hold.strength',
  E_TARGET: 'hold.target',
  E_UNTOUCHED: 'hold',
  E_SAMPLING: null,
  E_USAGE: null,
};

/** The names of fields in requests, where they differ from those of the library. */
const PARAMS: Readonly<Record<string, string>> = {
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  repetitionPenalty: 'repetition_penalty',
  maxTokens: 'max_tokens',
  topLogProbabilities: 'top_logprobs',
  presence: 'presence_penalty',
  frequency: 'frequency_penalty',
  bias: 'logit_bias',
  layers: 'hold.layers',
  heads: 'hold.heads',
  strength: 'hold.strength',
  step: 'hold.schedule.step',
  rate: 'hold.schedule.rate',
  share: 'hold.schedule.share',
};

/**
 * Returns the error that a client is told. What a request did not cause is an internal error without details: these are for
 * the log.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HoldfastError && error.code === 'E_ABORTED') {
    return new ApiError(503, 'the request was stopped', {
      code: 'stopped',
      retryAfterMs: 1000,
      cause: error,
    });
  }
  const param = error instanceof HoldfastError ? CAUSED_BY_REQUESTS[error.code] : undefined;
  if (!(error instanceof HoldfastError) || param === undefined) {
    return new ApiError(500, 'the server failed: its log says why', { code: 'internal_error', cause: error });
  }
  const { what, hint, code, field, file } = error;
  // The hint of an error about a file may name its path.
  const shown = hint === undefined || file !== undefined ? what : `${what}. ${hint}`;
  const isInside = field?.startsWith(`${param}.`) === true;
  return new ApiError(400, shown, {
    param: isInside ? field! : (PARAMS[field ?? ''] ?? param ?? field ?? null),
    code: code === 'E_CONTEXT_FULL' ? 'context_length_exceeded' : code,
    cause: error,
  });
}
