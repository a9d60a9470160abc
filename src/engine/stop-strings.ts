/** Passes text that arrives in pieces, up to the first stop string. */
export interface StopFilter {
  /**
   * Takes a piece and returns the text that is certain. Text that may be the start of a stop string is held back. Do
   * not call it again after `stopped`.
   */
  push(piece: string): { readonly text: string; readonly stopped: boolean };
  /** Returns the text held back, which did not become a stop string. */
  finish(): string;
}

/** Creates a filter whose output never contains part of a stop string. @param stops none of them empty */
export function createStopFilter(stops: readonly string[]): StopFilter {
  let held = '';
  return {
    push(piece) {
      held += piece;
      const found = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
      const stopped = found.length > 0;
      const end = stopped ? Math.min(...found) : held.length - possibleStart(held, stops);
      const text = held.slice(0, end);
      held = stopped ? '' : held.slice(end);
      return { text, stopped };
    },
    finish() {
      const text = held;
      held = '';
      return text;
    },
  };
}

/** Returns the length of the longest suffix of the text that is a prefix of a stop string. */
function possibleStart(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let size = Math.min(stop.length - 1, text.length); size > longest; size--) {
      if (text.endsWith(stop.slice(0, size))) longest = size;
    }
  }
  return longest;
}
