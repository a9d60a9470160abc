import { decodeUtf8 } from '../utf8.js';

const NEWLINE = 0x0a;

/**
 * Yields the lines of a stream of text in UTF-8 without their ends (`\n`, `\r\n` or `\r`), as soon as they are complete.
 * @param name the stream's name for errors
 * @throws HoldfastError `E_UNREADABLE` with the offset at the first line that is not UTF-8
 */
export async function* textLines(stream: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  /** The start of a line whose end has not arrived. */
  let begun: Uint8Array[] = [];
  let start = 0;
  // Decode whole lines only: a piece of a stream may end inside a character.
  const linesOf = (end: Uint8Array): string[] => {
    const bytes = Buffer.concat([...begun, end]);
    const text = decodeUtf8(bytes, name, start);
    begun = [];
    start += bytes.length;
    return text.replace(/\r?\n$/, '').split('\r');
  };
  for await (const piece of stream) {
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, from)) {
      yield* linesOf(piece.subarray(from, at + 1));
      from = at + 1;
    }
    if (from < piece.length) begun.push(piece.subarray(from));
  }
  if (begun.length > 0) yield* linesOf(new Uint8Array(0));
}
