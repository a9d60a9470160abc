import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A wrong answer to one request for a file. */
export type Misbehaviour =
  /** Breaks the connection after this many bytes of the answer. */
  | { readonly cutAt: number }
  /** Stops sending after this many bytes, until the client disconnects. */
  | { readonly stopAt: number }
  /** Answers with a status and no file. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Sends the whole file, whatever range was requested. */
  | { readonly ignoreRange: true }
  /** Sends these bytes instead of the file. */
  | { readonly content: Uint8Array }
  /** Sends these bytes without a content length. */
  | { readonly unmeasured: Uint8Array }
  /** Sends this many bytes at a time, with a delay between them. */
  | { readonly dripBytes: number; readonly everyMs: number }
  /** Redirects to another address. */
  | { readonly redirect: string }
  /** Sends this hash in the hub's header. */
  | { readonly linkedEtag: string };

export interface HubRepo {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly commit?: string;
  /** Refuses files, but not their listing, to requests without a token. */
  readonly gated?: boolean;
}

export interface Asked {
  /** The server that received the request: the hub, or the host of large files. */
  readonly host: 'hub' | 'files';
  readonly path: string;
  readonly authorization: string | null;
  readonly range: string | null;
}

/** A hub on loopback with the API of the real one. Tests can make it misbehave. */
export interface LoopbackHub {
  readonly endpoint: string;
  /** All requests, in order. */
  readonly asked: Asked[];
  /** Wrong answers to the next requests for a file, by path; after them, answers are right again. */
  readonly misbehave: Map<string, Misbehaviour[]>;
  /** Statuses of the next answers to requests for a model's listing. */
  readonly listingStatus: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
  /** Changes a model's listing before it is sent. Bytes are sent as they are, anything else as JSON. */
  tamper: (listing: Listing) => unknown;
  /** Resolves when an answer has stopped at its `stopAt`. */
  stopped(): Promise<void>;
  /** Returns the paths of all requests for the bytes of files. */
  fetches(): string[];
  close(): Promise<void>;
}

export interface Listing {
  sha: string;
  siblings: { rfilename: string; size: number; blobId: string; lfs?: { sha256: string; size: number } }[];
}

export const COMMIT = 'c0ffee'.padEnd(40, '0');
/** Files that the hub stores as large files. */
const isLarge = (path: string): boolean => /\.(safetensors|gguf|bin)$/.test(path);
const FILE = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/;
/** The relative address to which the hub redirects requests for small files. */
const CACHED = /^\/api\/resolve-cache\/models\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/;
const LISTING = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)\?blobs=true$/;
const commitOf = ({ commit = COMMIT }: HubRepo): string => commit;
const digest = (kind: string, ...parts: (string | Uint8Array)[]): string => {
  const hash = createHash(kind);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

export const hashOf = (path: string, bytes: Uint8Array): string =>
  isLarge(path) ? digest('sha256', bytes) : digest('sha1', `blob ${bytes.length}\0`, bytes);

export async function startLoopbackHub(repos: Readonly<Record<string, HubRepo>>): Promise<LoopbackHub> {
  const stops: (() => void)[] = [];
  const note = (host: Asked['host'], request: IncomingMessage): string => {
    const path = decodeURIComponent(request.url!);
    const { authorization = null, range = null } = request.headers;
    hub.asked.push({ host, path, authorization, range });
    return path;
  };
  const find = (path: string): { file: string; bytes: Uint8Array; gated: boolean } | null => {
    const [, name = '', commit, file = ''] = FILE.exec(path) ?? CACHED.exec(path) ?? [];
    const repo = repos[name];
    const bytes = repo?.files[file];
    if (repo === undefined || bytes === undefined || commitOf(repo) !== commit) return null;
    return { file, bytes, gated: repo.gated === true };
  };
  const serve = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const found = find(path);
    const answer = found === null ? { status: 404 } : hub.misbehave.get(found.file)?.shift();
    if (answer !== undefined && 'status' in answer) end(response, answer.status, answer.headers);
    else if (answer !== undefined && 'redirect' in answer) end(response, 302, { location: answer.redirect });
    else {
      sendBytes(request, response, found!.bytes, answer, () => {
        for (const stop of stops.splice(0)) stop();
      });
    }
  };
  const list = (response: ServerResponse, name: string, revision: string): void => {
    const repo = repos[name];
    const told = hub.listingStatus.shift();
    if (told !== undefined) end(response, told.status, told.headers);
    else if (repo === undefined) end(response, 401, { 'x-error-code': 'RepoNotFound' });
    else if (!['main', commitOf(repo)].includes(revision)) {
      end(response, 404, { 'x-error-code': 'RevisionNotFound' });
    } else json(response, hub.tamper(listingOf(repo)));
  };
  const files = await listen((request, response) => serve(request, response, note('files', request)));
  const main = await listen((request, response) => {
    const path = note('hub', request);
    const [, name, revision = ''] = LISTING.exec(path) ?? [];
    const found = find(path);
    if (path.startsWith('/api/models?')) {
      const ids = Object.keys(repos).map((id) => ({ id }));
      json(response, ids);
    } else if (name !== undefined) list(response, name, revision);
    else if (found?.gated === true && request.headers.authorization === undefined) {
      const message = 'Access to model owner/model is restricted. Please log in.';
      end(response, 401, { 'x-error-code': 'GatedRepo', 'x-error-message': message });
    } else if (found !== null && isLarge(found.file)) {
      // Large files are on another host, as with the real hub.
      const next = hub.misbehave.get(found.file)?.[0];
      const wrong = next !== undefined && 'linkedEtag' in next ? next.linkedEtag : undefined;
      if (wrong !== undefined) hub.misbehave.get(found.file)!.shift();
      const etag = `"${wrong ?? hashOf(found.file, found.bytes)}"`;
      end(response, 302, { location: `${files.address}${request.url}`, 'x-linked-etag': etag });
    } else if (found !== null && FILE.test(path)) {
      end(response, 307, { location: path.replace(FILE, '/api/resolve-cache/models/$1/$2/$3') });
    } else serve(request, response, path);
  });
  const hub: LoopbackHub = {
    endpoint: main.address,
    asked: [],
    misbehave: new Map(),
    listingStatus: [],
    tamper: (listing) => listing,
    stopped: () => new Promise((resolve) => stops.push(resolve)),
    fetches: () =>
      hub.asked.flatMap(({ host, path }) => {
        const file = FILE.exec(path)?.[3];
        return file === undefined || (host === 'hub' && isLarge(file)) ? [] : [file];
      }),
    close: async () => {
      for (const { server } of [main, files]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return hub;
}

function listingOf({ files, commit = COMMIT }: HubRepo): Listing {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => {
    const hash = hashOf(rfilename, bytes);
    const size = bytes.length;
    return isLarge(rfilename)
      ? { rfilename, size, blobId: digest('sha1', hash), lfs: { sha256: hash, size } }
      : { rfilename, size, blobId: hash };
  });
  return { sha: commit, siblings };
}

function sendBytes(
  { headers: { range } }: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
  answer: Misbehaviour | undefined,
  onStop: () => void,
): void {
  if (answer !== undefined && 'unmeasured' in answer) {
    response.write(answer.unmeasured);
    response.end();
    return;
  }
  const content = answer !== undefined && 'content' in answer ? answer.content : file;
  const ignored = answer !== undefined && 'ignoreRange' in answer;
  const start = range === undefined || ignored ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  if (start >= content.length && start > 0) {
    end(response, 416);
    return;
  }
  const body = content.subarray(start);
  const partial =
    range === undefined || ignored
      ? {}
      : { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead('content-range' in partial ? 206 : 200, { 'content-length': body.length, ...partial });
  if (answer !== undefined && 'cutAt' in answer) {
    response.write(body.subarray(0, answer.cutAt), () => response.destroy());
  } else if (answer !== undefined && 'stopAt' in answer) {
    response.write(body.subarray(0, answer.stopAt), onStop);
  } else if (answer !== undefined && 'dripBytes' in answer) {
    drip(response, body, answer.dripBytes, answer.everyMs);
  } else response.end(body);
}

function drip(response: ServerResponse, body: Uint8Array, bytes: number, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + bytes));
    sent += bytes;
    if (sent < body.length && !response.destroyed) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; address: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers);
  response.end();
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(value instanceof Uint8Array ? value : JSON.stringify(value));
}
