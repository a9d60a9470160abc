/** How often an empty line shows that the server is alive, so that proxies keep the connection. */
const KEEP_ALIVE_MS = 10_000;

const HEADERS = {
  'content-type': 'application/x-ndjson',
  'cache-control': 'no-store',
  // Proxies such as nginx would otherwise collect the lines.
  'x-accel-buffering': 'no',
} as const;

/**
 * Returns a response of lines of JSON, each sent as soon as it is there.
 * @param run sends the lines; the response ends when it does. It must not throw.
 * @param leave called when the client leaves: should make `run` end soon
 */
export function lineStream(
  run: (send: (line: object) => void) => Promise<void>,
  leave: () => void,
): Response {
  const encoder = new TextEncoder();
  let alive: NodeJS.Timeout | undefined;
  let left = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => {
        if (!left) controller.enqueue(encoder.encode(`${text}\n`));
      };
      alive = setInterval(() => write(''), KEEP_ALIVE_MS);
      void run((line) => write(JSON.stringify(line))).finally(() => {
        clearInterval(alive);
        if (!left) controller.close();
      });
    },
    cancel() {
      left = true;
      leave();
    },
  });
  return new Response(body, { headers: HEADERS });
}
