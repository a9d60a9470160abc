import { createReadStream, readFileSync, realpathSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { HoldfastError } from '../../errors.js';
import { failureOf, type Host, isOperation, readTakes } from '../../studio/index.js';
import { decodeUtf8 } from '../../utf8.js';
import { parseJson } from '../options/index.js';

/** The largest request: a dialogue with all of its tokens. */
const MOST_BYTES = 32 * 2 ** 20;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * Creates the studio's server: the page, and the operations that it asks for. An operation's answer is a stream of lines of
 * JSON. It answers only to the names of this machine, and to no page but its own.
 * @param folder the built page
 */
export function createStudioServer(host: Host, folder: string): Server {
  const root = realpathSync(folder);
  const running = new Map<string, AbortController>();
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const path = pathOf(request);
    if (path === null) return refuse(response, 403);
    if (request.method === 'GET') return sendFile(response, root, path === '/' ? '/index.html' : path);
    const name = /^\/api\/([a-z]+)$/.exec(path)?.[1] ?? '';
    const isJson = request.headers['content-type'] === 'application/json';
    if (request.method !== 'POST' || !isJson) return refuse(response, 405);
    void answer(request, response, name, host, running);
  });
}

/** Returns the path asked for; null for a request under a foreign name, or from a foreign page (DNS rebinding). */
function pathOf({ headers, url }: IncomingMessage): string | null {
  const own = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.exec(headers.host ?? '');
  if (own === null || (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)) {
    return null;
  }
  return (url ?? '/').split('?')[0]!;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function sendFile(response: ServerResponse, root: string, path: string): void {
  const file = join(root, path);
  const type = TYPES[extname(file)];
  const isHere = file.startsWith(root + sep) && statSync(file, { throwIfNoEntry: false })?.isFile();
  if (type === undefined || !isHere) {
    refuse(response, 404);
    return;
  }
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  if (path === '/index.html') {
    // The same page runs without a server: here it is told that there is one.
    const page = decodeUtf8(readFileSync(file), file);
    response.end(
      page.replace('name="holdfast-engine" content="browser"', 'name="holdfast-engine" content="server"'),
    );
    return;
  }
  // The file or the client may go in the middle; the headers are sent then.
  pipeline(createReadStream(file), response, () => {});
}

/** Runs an operation, or stops one that runs. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  host: Host,
  running: Map<string, AbortController>,
): Promise<void> {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const tell = (message: object): void => void response.write(`${JSON.stringify(message)}\n`);
  let call = '';
  try {
    const body = await readBody(request);
    call = body.call;
    if (name === 'stop') {
      running.get(call)?.abort();
      tell({ kind: 'done', returns: null });
    } else if (isOperation(name)) {
      running.set(call, controller);
      const report = (progress: unknown): void => tell({ kind: 'report', progress });
      const returns = await host.run(name, readTakes(name, body.takes), report, controller.signal);
      tell({ kind: 'done', returns });
    } else {
      throw new HoldfastError('E_USAGE', `"${name}" is not an operation of the studio`);
    }
  } catch (error) {
    tell({ kind: 'failed', failure: failureOf(error) });
  } finally {
    running.delete(call);
    response.end();
  }
}

async function readBody(
  request: IncomingMessage,
): Promise<{ readonly call: string; readonly takes: unknown }> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new HoldfastError('E_USAGE', `a request of more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  const name = 'the request';
  const json = parseJson({ name, text: decodeUtf8(Buffer.concat(parts), name) });
  const isCall = typeof json === 'object' && json !== null && 'call' in json && typeof json.call === 'string';
  if (!isCall) throw new HoldfastError('E_USAGE', 'a request needs the name of its call');
  return { takes: null, ...(json as { call: string }) };
}
