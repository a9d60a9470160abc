import type { Dispatcher, Response } from 'undici';
import { HoldfastError } from '../errors.js';
import type { HubSettings } from './hub-settings.js';
import { TransientError } from './retry.js';

export type { Response };

/** The response to a request, after redirects. */
export interface HubResponse {
  readonly response: Response;
  /** The hash that the hub states for the file; null if it states none. */
  readonly linkedHash: string | null;
}

/** Requests a URL. Throws `TransientError` for transient statuses; the caller handles all others. */
export type HubGet = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
) => Promise<HubResponse>;

const MAX_REDIRECTS = 8;
const CONNECT_MS = 15_000;

/**
 * Returns a function that sends requests to the hub, through the proxy that the environment sets (`HTTPS_PROXY`,
 * `HTTP_PROXY`, `NO_PROXY`). It follows redirects itself, not through `fetch`, so that it sends the token only to the
 * hub's own origin.
 * @param silenceMs timeout for a connection without data
 */
export function createHubGet({ endpoint, token }: HubSettings, silenceMs = 60_000): HubGet {
  const home = new URL(endpoint).origin;
  let dispatcher: Promise<Dispatcher> | undefined;
  return async (url, headers, signal) => {
    const { fetch } = await import('undici');
    dispatcher ??= openDispatcher(silenceMs);
    let target = new URL(url);
    let linkedHash: string | null = null;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const authorization: Record<string, string> =
        token !== null && target.origin === home ? { authorization: `Bearer ${token}` } : {};
      const response = await fetch(target, {
        dispatcher: await dispatcher,
        // Lengths and ranges of a compressed response are not those of the file.
        headers: { 'user-agent': 'holdfast', 'accept-encoding': 'identity', ...headers, ...authorization },
        redirect: 'manual',
        ...(signal === undefined ? {} : { signal }),
      }).catch((cause: unknown) => {
        throw signal?.aborted === true ? cause : unreachable(target, cause);
      });
      linkedHash ??= hashIn(response.headers.get('x-linked-etag'));
      if (isTransient(response, target.origin === home)) throw await busy(target, response);
      const location =
        response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null) return { response, linkedHash };
      await response.body?.cancel();
      target = nextTarget(target, location);
    }
    throw new HoldfastError('E_HUB', `more than ${MAX_REDIRECTS} redirects`, { file: url });
  };
}

async function openDispatcher(silenceMs: number): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici');
  const limits = { connect: { timeout: CONNECT_MS }, headersTimeout: silenceMs, bodyTimeout: silenceMs };
  try {
    return new EnvHttpProxyAgent(limits);
  } catch (cause) {
    throw new HoldfastError('E_HUB', 'the proxy in the environment is not a valid URL', {
      field: 'HTTPS_PROXY or HTTP_PROXY',
      hint: 'Write it as http://host:port',
      cause,
    });
  }
}

function nextTarget(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (to !== null && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')))
    return to;
  throw new HoldfastError('E_HUB', `refusing to follow the hub's redirect to ${location}`, {
    file: from.href,
  });
}

/** Returns the hash in an etag, which may be weak or quoted; null if it is not a hash. */
function hashIn(etag: string | null): string | null {
  return /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/i.exec(etag ?? '')?.[1]?.toLowerCase() ?? null;
}

/** Returns the message of the innermost cause. `fetch`'s own message, "fetch failed", says nothing. */
export function reasonOf(error: unknown): string {
  let reason: unknown = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  return reason instanceof Error ? reason.message || reason.name : String(reason);
}

function unreachable(target: URL, cause: unknown): TransientError {
  return new TransientError(`${target.host} cannot be reached (${reasonOf(cause)})`, undefined, { cause });
}

/**
 * Whether to try again. The URL of a large file on another host expires; on the next try the hub gives a new one. So a
 * refusal by another host is transient, unless it has the hub's error code.
 */
function isTransient({ status, headers }: Response, isHub: boolean): boolean {
  return status === 429 || status >= 500 || (status >= 400 && !isHub && !headers.has('x-error-code'));
}

async function busy(target: URL, response: Response): Promise<TransientError> {
  await response.body?.cancel();
  const status = `${response.status} ${response.statusText}`.trimEnd();
  return new TransientError(`${target.host} answers ${status}`, waitAskedMs(response.headers));
}

/**
 * Returns how long the server asks the client to wait: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), or
 * the end of the exhausted rate limit window that the hub states, `RateLimit: "api";r=0;t=55`
 * (draft-ietf-httpapi-ratelimit-headers-09).
 */
function waitAskedMs(headers: Response['headers']): number | undefined {
  const windowEnd = /;\s*r=0\s*;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  const value = headers.get('retry-after') ?? windowEnd;
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
