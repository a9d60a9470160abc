import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { HoldfastError } from '../errors.js';
import { BrokenRequests } from './broken-requests.js';
import type { LogEntry } from './respond.js';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

/** A server that listens. */
export interface Listening {
  /** `http://127.0.0.1:8723` */
  readonly url: string;
  /** Accepts no more connections, and closes those without a request. */
  close(): void;
  /** Closes all connections, once the answers to whole requests are sent or their clients take too long. */
  end(): Promise<void>;
}

/** Bounds on what a connection may send, and how slowly. */
const HTTP = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  // The app refuses requests without one, in the form of its other errors.
  requireHostHeader: false,
} as const;
const MOST_CONNECTIONS = 1024;
/** How long a client may take for the rest of its answer when the server ends. */
const MOST_SENDING_MS = 5000;

/**
 * Binds an app to an address.
 * @param log notes what the app never sees: bytes that are no request of HTTP
 * @throws HoldfastError `E_LISTEN` if the address is taken or not of this machine
 */
export function listen(
  app: { readonly fetch: (request: Request) => Response | Promise<Response> },
  { host, port }: Address,
  log: (entry: LogEntry) => void = () => {},
): Promise<Listening> {
  const broken = new BrokenRequests(log);
  const answer = getRequestListener((request: Request) => app.fetch(request), {
    // The name of a request without one, which no handler reads: the app reads the header.
    hostname: 'localhost',
    overrideGlobalObjects: false,
    errorHandler: (error) => broken.answer(error),
  });
  const answering = new Set<ServerResponse>();
  const server = createServer(HTTP, (request, response) => {
    answering.add(response);
    response.once('close', () => answering.delete(response));
    void answer(request, response);
  });
  broken.watch(server);
  // Node drops headers beyond a count in silence, and Host or Origin may be among them. Their bytes are bounded.
  server.maxHeadersCount = 0;
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(
        new HoldfastError('E_LISTEN', `cannot listen on ${host}, port ${port}: ${why}`, {
          hint: 'Give another --port, or --port 0 for a free one',
          cause,
        }),
      );
    });
    server.listen(port, host, () => {
      const bound = server.address() as AddressInfo;
      const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
      resolve({
        url: `http://${name}:${bound.port}`,
        close: () => void server.close(),
        end: async () => {
          const whole = [...answering].filter(({ req }) => req.complete);
          const sent = Promise.all(whole.map((response) => once(response, 'close')));
          await Promise.race([sent, pause(MOST_SENDING_MS, null, { ref: false })]);
          server.closeAllConnections();
        },
      });
    });
  });
}
