import type { CharRange } from './added-tokens.js';
import type { Rendering } from './template.js';

/** A stretch of a message's words in a rendered dialogue. It is empty only if the template writes none of them. */
export type Piece = CharRange;

/** A place where a template writes a message: pieces of its words with no other message's words between them. */
export interface WordPlace {
  /** The index of the message. */
  readonly message: number;
  /** Ascending; at least one. */
  readonly pieces: readonly Piece[];
}

/**
 * Returns where a template writes a message's words, ascending. If it writes none, because the message is empty or the
 * template trims all of it, this is the empty range where they would be; nothing if the template omits the message.
 */
export function piecesOf({ words }: Pick<Rendering, 'words'>, message: number): readonly Piece[] {
  const own = words.flatMap(({ start, end, ...range }) =>
    range.message === message ? [{ start, end }] : [],
  );
  const written = own.filter(({ start, end }) => end > start);
  return written.length > 0 ? written : own.slice(-1);
}

/** Returns the places where a template writes the messages, in the order of the text. */
export function wordPlaces(rendering: Pick<Rendering, 'words'>, messages: number): WordPlace[] {
  const all = Array.from({ length: messages }, (_, message) =>
    piecesOf(rendering, message).map((piece) => ({ message, piece })),
  ).flat();
  all.sort((a, b) => a.piece.start - b.piece.start || a.piece.end - b.piece.end || a.message - b.message);
  const places: { message: number; pieces: Piece[] }[] = [];
  for (const { message, piece } of all) {
    const last = places.at(-1);
    if (last?.message === message) last.pieces.push(piece);
    else places.push({ message, pieces: [piece] });
  }
  return places;
}
