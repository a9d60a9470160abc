import { watchReader } from './reader-watch.js';

/** What a stream of events needs besides the events. */
export interface EventStreamOptions {
  /** After how many milliseconds without an event a comment shows that the server is alive. */
  readonly keepAliveMs: number;
  /** After how many milliseconds a client that reads nothing is taken to have left. */
  readonly stallMs: number;
  /** Fires when nobody should wait for the answer any more. A client that then reads nothing has left soon. */
  readonly signal: AbortSignal;
  /** Called when the client leaves: should make the next event come soon. */
  readonly abort: () => void;
  /** Called once, when the events have ended and nothing runs for them. */
  readonly ended: () => void;
}

/** The headers of a stream of events. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  // Proxies such as nginx would otherwise collect the events.
  'x-accel-buffering': 'no',
} as const;

/**
 * Returns a response that sends texts as server-sent events, each as soon as it is there.
 * @param events must not throw: a client would see no more than a broken connection
 */
export function eventStream(
  events: AsyncGenerator<string, void>,
  { keepAliveMs, stallMs, signal, abort, ended }: EventStreamOptions,
): Response {
  const encoder = new TextEncoder();
  let pending: Promise<IteratorResult<string, void>> | null = null;
  let left = false;
  const reading = watchReader(stallMs, signal);
  const leave = (): void => {
    left = true;
    reading.end();
    abort();
    void events.return().finally(ended);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reading.goesOn();
        pending ??= events.next();
        const next = await within(pending, keepAliveMs);
        if (left) return;
        if (next?.done) {
          reading.end();
          controller.close();
          ended();
          return;
        }
        if (next !== null) pending = null;
        controller.enqueue(encoder.encode(next === null ? ': keep-alive\n\n' : `data: ${next.value}\n\n`));
        reading.mustGoOn(() => {
          controller.error(new Error('the client reads nothing'));
          leave();
        });
      },
      cancel: leave,
    },
    // The next event is made when the last one was sent.
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: HEADERS });
}

/** Waits for a promise for at most so many milliseconds; null if it takes longer. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
