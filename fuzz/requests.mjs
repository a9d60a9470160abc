import { ok, strictEqual } from 'node:assert';

/**
 * Sends a body to a route of an app, and checks what holds of every response: it is an answer or a refusal, no failure of the
 * server, and it tells no path of this machine.
 * @returns the parts of the response, JSON each: the events or lines of a stream, or the whole body
 */
export async function post(app, route, body) {
  const response = await app.request(`http://localhost${route}`, {
    method: 'POST',
    headers: { host: 'localhost:8723', 'content-type': 'application/json' },
    body,
  });
  const { status } = response;
  const text = await response.text();
  ok(status === 200 || (status >= 400 && status < 500), `status ${status}: ${text}`);
  ok(!text.includes(process.cwd()), `a path of this machine: ${text}`);
  const type = response.headers.get('content-type')?.replace(/;.*/, '');
  const parts = PARTS[type](text);
  if (status !== 200) strictEqual(typeof parts[0].error.message, 'string');
  return parts;
}

const PARTS = {
  'application/json': (text) => [JSON.parse(text)],
  'application/x-ndjson': (text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  'text/event-stream': (text) =>
    text
      .trimEnd()
      .split('\n\n')
      .map((event) => event.replace(/^data: /, ''))
      .map((data) => (data === '[DONE]' ? data : JSON.parse(data))),
};

/** Returns the body of a request. */
export const bodyOf = (json) => new Uint8Array(Buffer.from(JSON.stringify(json)));
