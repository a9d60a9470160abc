import type { Dispatcher, Response } from 'undici';
import { HoldfastError } from '../errors.js';
import type { HubSettings } from './hub-settings.js';
import { TransientError } from './retry.js';

export type { Response };

/** What a request came to, after redirects. */
export interface HubResponse {
  readonly response: Response;
  /** The hash that the hub itself names for the file, when it names one. */
  readonly linkedHash: string | null;
}

/** Asks for an address. Statuses are the caller's to judge, but for those that are transient. */
export type HubGet = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
) => Promise<HubResponse>;

const MAX_REDIRECTS = 8;
const CONNECT_MS = 15_000;

/**
 * Requests to the hub, through a proxy where the environment names one (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
 * Redirects are followed here and not by `fetch`, so that the token goes to the hub's own origin and nowhere else.
 * @param silenceMs how long a server may be silent before the connection counts as broken
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
        // A compressed answer would make lengths and ranges mean something else.
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
    throw new HoldfastError('E_HUB', 'the proxy that the environment names is no address', {
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
  throw new HoldfastError('E_HUB', `the hub redirects to ${location}, which is not followed`, {
    file: from.href,
  });
}

/** A hash in an etag, which may be weak and stands in quotes. */
function hashIn(etag: string | null): string | null {
  return /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/i.exec(etag ?? '')?.[1]?.toLowerCase() ?? null;
}

/** The reason stands in the innermost cause: `fetch failed` tells nobody anything. */
export function reasonOf(error: unknown): string {
  let reason: unknown = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  return reason instanceof Error ? reason.message || reason.name : String(reason);
}

function unreachable(target: URL, cause: unknown): TransientError {
  return new TransientError(`${target.host} cannot be reached (${reasonOf(cause)})`, undefined, { cause });
}

/**
 * Where large files lie, an address is good for a while: what is refused there is asked of the hub again, which then
 * names a new one. The hub's own refusals have a code wherever they come from.
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
 * How long a server asks to be left alone: `Retry-After`, seconds or a date (RFC 9110, 10.2.3), or, as the hub has it, the
 * end of the window whose requests are used up, `RateLimit: "api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09).
 */
function waitAskedMs(headers: Response['headers']): number | undefined {
  const windowEnd = /;\s*r=0\s*;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  const value = headers.get('retry-after') ?? windowEnd;
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
