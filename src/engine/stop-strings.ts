/** Text that arrives in pieces, let through up to a stop string. */
export interface StopFilter {
  /**
   * Takes a piece and gives what can be shown: text that may become a stop string is held back until it is known.
   * After `stopped`, nothing more is taken.
   */
  push(piece: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back and did not become a stop string. */
  finish(): string;
}

/** A filter no part of whose output is ever part of a stop string. @param stops none of them empty */
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

/** Length of the longest end of the text that a stop string begins with. */
function possibleStart(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let size = Math.min(stop.length - 1, text.length); size > longest; size--) {
      if (text.endsWith(stop.slice(0, size))) longest = size;
    }
  }
  return longest;
}
