import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { ApiError } from './api-error.js';

/** Who may use the server. */
export interface Access {
  /** The token that every request must have; null for none. */
  readonly token: string | null;
  /** Names of this server in requests, besides those of the loopback interface and addresses: `gpu-box.local`. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may use the server, besides its own: `https://chat.example.org`. */
  readonly origins: readonly string[];
}

/** The parts of a request that decide whether it is allowed. */
export interface Asking {
  readonly host: string | null;
  readonly origin: string | null;
  readonly authorization: string | null;
}

/**
 * Checks the names under which the server is asked, before anything else is read. A page of another site that makes its own
 * name point here (DNS rebinding) sends that name as the host, and cannot send an address or `localhost`.
 * @throws ApiError 400 without a host, and 403
 */
export function checkNames({ hosts, origins }: Access, { host, origin }: Asking): void {
  const name = readHost(host);
  if (name === null) throw new ApiError(400, 'the request names no host', { code: 'malformed_request' });
  if (!isOwn(name) && !hosts.some((own) => own.toLowerCase() === name)) {
    throw new ApiError(403, 'this server does not answer to this host name: start it with --allow-host', {
      code: 'host_not_allowed',
    });
  }
  if (origin === null || origins.includes(origin)) return;
  // The server speaks HTTP alone: a page of https at the same name is another server's.
  if (origin === `http://${host}`) return;
  throw new ApiError(403, 'this server does not answer to pages of this origin: start it with --cors', {
    code: 'origin_not_allowed',
  });
}

/**
 * Checks the token, in a time that does not depend on it.
 * @throws ApiError 401
 */
export function checkToken({ token }: Access, { authorization }: Asking): void {
  if (token === null) return;
  const given = /^Bearer\s+(.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return;
  throw new ApiError(401, 'this server needs its token: Authorization: Bearer TOKEN', {
    code: 'invalid_api_key',
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Returns the name in a Host header, in lower case and without the port; null if it is none. */
export function readHost(host: string | null): string | null {
  const match = /^(\[[\da-f:.]+\]|[a-z\d._-]+)(?::\d{1,5})?$/i.exec(host ?? '');
  return match === null ? null : match[1]!.toLowerCase().replace(/^\[|\]$/g, '');
}

/**
 * Returns an origin as browsers send it, without a slash at its end and without the default port of its scheme; null for a
 * text that is more or less than an origin.
 */
export function readOrigin(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.host === '' || !['', '/'].includes(url.pathname)) return null;
  const others = [url.username, url.password, url.search, url.hash];
  return others.every((part) => part === '') ? `${url.protocol}//${url.host}` : null;
}

/** Whether a name is one that no other site can have: an address, or that of the loopback interface. */
const isOwn = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;

/** Whether an address is one that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
