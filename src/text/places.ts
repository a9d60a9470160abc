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
 * Returns where a template writes each message's words, ascending. If it writes none of a message, because the message is
 * empty or the template trims all of it, this is the empty range where they would be; nothing if the template omits it.
 * @param messages their number
 */
export function piecesByMessage(
  { words }: Pick<Rendering, 'words'>,
  messages: number,
): readonly (readonly Piece[])[] {
  const own = Array.from({ length: messages }, (): Piece[] => []);
  for (const { start, end, message } of words) own[message]!.push({ start, end });
  return own.map((pieces) => {
    const written = pieces.filter(({ start, end }) => end > start);
    return written.length > 0 ? written : pieces.slice(-1);
  });
}

/** Returns the places where a template writes the messages, in the order of the text. */
export function wordPlaces(pieces: readonly (readonly Piece[])[]): WordPlace[] {
  const all = pieces.flatMap((own, message) => own.map((piece) => ({ message, piece })));
  all.sort((a, b) => a.piece.start - b.piece.start || a.piece.end - b.piece.end || a.message - b.message);
  const places: { message: number; pieces: Piece[] }[] = [];
  for (const { message, piece } of all) {
    const last = places.at(-1);
    if (last?.message === message) last.pieces.push(piece);
    else places.push({ message, pieces: [piece] });
  }
  return places;
}
