import { watchReader } from './reader-watch.js';

/** How often an empty line shows that the server is alive, so that proxies keep the connection. */
const KEEP_ALIVE_MS = 10_000;

/** After how long a client that reads nothing is taken to have left: its lines would pile up here. */
const STALL_MS = 60_000;

const HEADERS = {
  'content-type': 'application/x-ndjson',
  'cache-control': 'no-store',
  // Proxies such as nginx would otherwise collect the lines.
  'x-accel-buffering': 'no',
} as const;

/**
 * Returns a response of lines of JSON, each sent as soon as it is there.
 * @param run sends the lines; the response ends when it does. It must not throw.
 * @param signal fires when nobody should wait for the lines any more
 * @param leave called when the client leaves: should make `run` end soon
 */
export function lineStream(
  run: (send: (line: object) => void) => Promise<void>,
  signal: AbortSignal,
  leave: () => void,
  stallMs = STALL_MS,
): Response {
  const encoder = new TextEncoder();
  let alive: NodeJS.Timeout | undefined;
  let left = false;
  /** Whether lines wait to be read. */
  let isFull = false;
  const reading = watchReader(stallMs, signal);
  const end = (): void => {
    left = true;
    clearInterval(alive);
    reading.end();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => {
        if (left) return;
        controller.enqueue(encoder.encode(`${text}\n`));
        if (controller.desiredSize! > 0 || isFull) return;
        isFull = true;
        reading.mustGoOn(() => {
          controller.error(new Error('the client reads nothing'));
          end();
          leave();
        });
      };
      alive = setInterval(() => write(''), KEEP_ALIVE_MS);
      void run((line) => write(JSON.stringify(line))).finally(() => {
        if (!left) controller.close();
        end();
      });
    },
    pull() {
      isFull = false;
      reading.goesOn();
    },
    cancel() {
      end();
      leave();
    },
  });
  return new Response(body, { headers: HEADERS });
}
