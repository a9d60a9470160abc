/** How long a client may still take to read what is left when nobody should wait for it any more. */
const LAST_MS = 1000;

/** Watches whether the client of a stream reads it. */
export interface ReaderWatch {
  /** Waits for the client to read on; gives up if it does not. */
  mustGoOn(giveUp: () => void): void;
  /** Notes that it has. */
  goesOn(): void;
  /** Ends the watch. */
  end(): void;
}

/**
 * Watches the reader of a stream.
 * @param stallMs after how many milliseconds a client that reads nothing is taken to have left
 * @param signal fires when nobody should wait for the answer any more: the time is then short
 */
export function watchReader(stallMs: number, signal: AbortSignal): ReaderWatch {
  let timer: NodeJS.Timeout | undefined;
  let waiting: (() => void) | null = null;
  const wait = (): void => {
    clearTimeout(timer);
    if (waiting !== null) timer = setTimeout(waiting, signal.aborted ? Math.min(LAST_MS, stallMs) : stallMs);
  };
  const goesOn = (): void => {
    waiting = null;
    clearTimeout(timer);
  };
  signal.addEventListener('abort', wait);
  return {
    goesOn,
    mustGoOn(giveUp) {
      waiting = giveUp;
      wait();
    },
    end() {
      goesOn();
      signal.removeEventListener('abort', wait);
    },
  };
}
