import type { MessageLayout, TokenRange } from '../../src/text/index.js';

/** A message that a template writes at one place: its tokens with header and tail, and its words. */
export const messageAt = (
  role: MessageLayout['role'],
  start: number,
  end: number,
  words: TokenRange,
): Pick<MessageLayout, 'role' | 'places'> => ({ role, places: [{ start, end, content: [words] }] });
