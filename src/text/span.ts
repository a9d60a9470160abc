/** Who a token belongs to. `template` is everything the chat template writes around the messages' own words. */
export type SpanRole = 'sink' | 'system' | 'user' | 'assistant' | 'template';

/** Token indices `[start, end)`. */
export interface TokenRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A contiguous piece of a rendered dialogue. Spans are disjoint, in order, and cover every token.
 * `turn` is 0 for the system message and everything before the first user message; each user message opens the
 * next turn, and the answer to it belongs to the same turn.
 */
export interface Span extends TokenRange {
  readonly role: SpanRole;
  readonly turn: number;
}
