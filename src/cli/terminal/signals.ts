/** Exit codes as shells report them: 128 plus the number of the signal. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNAL_CODES;

/** On the first signal, asks the run to stop; on a second one, ends the process. */
export function listenForSignals() {
  const controller = new AbortController();
  let caught: Signal | null = null;
  const listen = (signal: Signal): void => {
    if (caught !== null) process.exit(SIGNAL_CODES[signal]);
    caught = signal;
    controller.abort();
  };
  process.on('SIGINT', listen).on('SIGTERM', listen);
  return {
    signal: controller.signal,
    caught: (): Signal | null => caught,
    end: (): void => void process.off('SIGINT', listen).off('SIGTERM', listen),
  };
}

/** Waits until a signal has fired. */
export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
