/**
 * The role a token belongs to. `template` is everything that the chat template writes around the messages' words. The words
 * of a tool belong to `user`: they answer the model in the user's place.
 */
export type SpanRole = 'sink' | 'system' | 'user' | 'assistant' | 'template';

/** A range of token indices, `[start, end)`. */
export interface TokenRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A contiguous piece of a rendered dialogue. Spans are disjoint, in order, and cover every token.
 * `turn` is 0 for the system message and everything before the first user message. Each user message opens the next
 * turn; its answer belongs to the same turn.
 */
export interface Span extends TokenRange {
  readonly role: SpanRole;
  readonly turn: number;
}
