import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { ApiError, toApiError } from './api-error.js';
import { newId } from './new-id.js';
import type { LogEntry } from './respond.js';

/** What Node refuses by other statuses than 400, by the codes of its errors. */
const REFUSED: Readonly<Record<string, () => ApiError>> = {
  HPE_HEADER_OVERFLOW: () => new ApiError(431, 'the headers are too long', { code: 'headers_too_large' }),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () =>
    new ApiError(413, 'the chunk extensions are too long', { code: 'request_too_large' }),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    new ApiError(408, 'the request took too long to arrive', { code: 'request_timeout' }),
};

/** What is sent instead of an answer. */
interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers what the app never sees, in the form of its other errors: bytes that are no request of HTTP. */
export class BrokenRequests {
  /** The responses of each connection that have not ended. */
  readonly #open = new WeakMap<Duplex, Set<ServerResponse>>();

  constructor(private readonly log: (entry: LogEntry) => void) {}

  /** Answers what the server cannot parse. A connection that has begun to answer is closed without another answer. */
  watch(server: Server): void {
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const open = this.#open.get(socket) ?? new Set();
      this.#open.set(socket, open.add(response));
      response.once('close', () => open.delete(response));
    });
    // What a client expects need not be met, so the request is answered as it is.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      const open = this.#open.get(socket) ?? new Set();
      if (!socket.writable || error.code === 'ECONNRESET' || [...open].some((each) => each.headersSent)) {
        socket.destroy();
        return;
      }
      const { status, headers, body } = this.#refuse(REFUSED[error.code ?? '']?.() ?? malformed());
      const own = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
      const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
    });
  }

  /** Returns the answer to a request that cannot be handed to the app: its path or its host is not one. */
  answer(error: unknown): Response {
    const { status, headers, body } = this.#refuse(
      error instanceof RequestError ? malformed() : toApiError(error),
    );
    return new Response(body, { status, headers });
  }

  #refuse(error: ApiError): Refusal {
    const request = newId('req_');
    const { status } = error;
    this.log({
      ...{ request, method: '-', path: '-', status, outcome: 'failed', ms: 0, tokens: null, contents: null },
      error: error.cause ?? error,
    });
    return {
      status,
      headers: { ...error.headers, 'content-type': 'application/json', 'x-request-id': request },
      body: JSON.stringify(error.body),
    };
  }
}

// The error of the parser has the bytes, which the log must not have.
const malformed = (): ApiError =>
  new ApiError(400, 'this is not a valid request of HTTP', { code: 'malformed_request' });
