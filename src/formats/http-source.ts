import { HoldfastError } from '../errors.js';
import type { ByteSource } from './bytes.js';

/** The part of `fetch` that is used. Tests, and callers with credentials, pass their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Opens a file over HTTP, read by range requests.
 * @throws HoldfastError `E_NOT_FOUND` (404); `E_UNREADABLE` for any other failure and for a server that ignores ranges,
 * where every read would transfer the whole file
 */
export async function httpSource(url: string, fetcher: Fetch = fetch): Promise<ByteSource> {
  const size = await sizeOf(url, fetcher);
  return {
    name: url,
    size,
    async read(offset, length) {
      if (length === 0) return new Uint8Array(0);
      const response = await request(url, fetcher, offset, length);
      requireRange(url, response);
      const range = contentRange(response);
      if (range !== null && (range.start !== offset || (range.size !== null && range.size !== size))) {
        await response.body?.cancel();
        throw unreadable(
          url,
          `requested bytes from ${offset} of ${size}, received ${response.headers.get('content-range')}`,
        );
      }
      return readBody(url, response, length);
    },
  };
}

async function sizeOf(url: string, fetcher: Fetch): Promise<number> {
  const response = await request(url, fetcher, 0, 1);
  await response.body?.cancel();
  // An empty file has no first byte: the server answers 416 with `bytes */0`.
  if (response.status === 416 && response.headers.get('content-range') === 'bytes */0') return 0;
  requireRange(url, response);
  const size = contentRange(response)?.size;
  if (size !== null && size !== undefined) return size;
  // Across origins a browser may hide Content-Range, but not Content-Length.
  const head = await fetcher(url, { method: 'HEAD' });
  const length = Number(head.headers.get('content-length') ?? Number.NaN);
  if (!head.ok || !Number.isSafeInteger(length))
    throw unreadable(url, 'the server does not say how large the file is');
  return length;
}

async function request(url: string, fetcher: Fetch, offset: number, length: number): Promise<Response> {
  try {
    return await fetcher(url, { headers: { range: `bytes=${offset}-${offset + length - 1}` } });
  } catch (cause) {
    throw unreadable(url, 'the server could not be reached', cause);
  }
}

function requireRange(url: string, response: Response): void {
  if (response.status === 206) return;
  // Otherwise a server that ignores the range keeps sending the whole file.
  void response.body?.cancel();
  if (response.status === 404) throw new HoldfastError('E_NOT_FOUND', 'there is no such file', { file: url });
  if (response.status === 200) {
    throw new HoldfastError('E_UNREADABLE', 'the server ignores range requests', {
      file: url,
      hint: 'Download the file, or serve it from a server that supports ranges',
    });
  }
  throw unreadable(url, `the server answered ${response.status} ${response.statusText}`.trimEnd());
}

function contentRange(response: Response): { start: number; size: number | null } | null {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (match === null) return null;
  return { start: Number(match[1]), size: match[2] === '*' ? null : Number(match[2]) };
}

/** Collects exactly `length` bytes. Cancels the response if the server sends more. */
async function readBody(url: string, response: Response, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const chunk = (await reader?.read())?.value;
      if (chunk === undefined) break;
      if (filled + chunk.length > length) {
        await reader?.cancel();
        throw unreadable(url, `requested ${length} bytes, received more`);
      }
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw unreadable(url, `the connection broke after ${filled} of ${length} bytes`, cause);
  }
  if (filled !== length) throw unreadable(url, `requested ${length} bytes, received ${filled}`);
  return bytes;
}

function unreadable(url: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('E_UNREADABLE', what, { file: url, cause });
}
