import { z } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { type Failure, failureOf, isOperation, readTakes } from '../studio/index.js';
import { ApiError, toApiError } from './api-error.js';
import { type Access, checkNames } from './guard.js';
import { lineStream } from './line-stream.js';
import { readRequest } from './read-body.js';
import { type AppContext, askingOf, type Env } from './respond.js';
import type { StudioHosts } from './studio-hosts.js';
import type { StudioPage } from './studio-page.js';
import type { Workload } from './workload.js';

/** What a studio is made of. */
export interface StudioOptions {
  readonly page: StudioPage;
  readonly hosts: StudioHosts;
  /** Returns the report of a study as a page, null if it has none; without it, there are no reports. */
  readonly report?: (study: string) => Promise<string | null>;
}

/** What a server notes of the operations that the page asks for. */
export interface StudioWatch {
  begun(c: AppContext, asked: { readonly operation: string; readonly takes: unknown }): void;
  reported(c: AppContext, progress: unknown): void;
  /** Returns an error as the page is told. */
  failed(c: AppContext, error: unknown): Failure;
  /** The page has left before the operation ended. */
  left(c: AppContext): void;
  ended(c: AppContext): void;
}

/** A server of nothing but the studio keeps no log: errors belong to the one who sees the page. */
const UNWATCHED: StudioWatch = {
  begun() {},
  reported() {},
  failed: (_, error) => failureOf(error),
  left() {},
  ended() {},
};

/** The largest request: a dialogue with all of its tokens. */
const MOST_BYTES = 32 * 2 ** 20;

const name = z.string().min(1).max(64);
const CALL = z.strictObject({ page: name, call: name, takes: z.unknown().default(null) });

/** The page's policy. It is sent as a header, too, because a page cannot forbid frames around it itself. */
const PAGE_POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; frame-src 'self'",
  "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * Returns the routes of the studio: its page at `/`, and the operations that the page asks for at `/studio/NAME`. The answer
 * to an operation is a stream of lines of JSON.
 */
export function studioRoutes(
  { page, hosts, report }: StudioOptions,
  workload: Workload,
  watch: StudioWatch = UNWATCHED,
): Hono<Env> {
  const app = new Hono<Env>();
  /** What runs, so that the page can stop it: the stream goes on until it has stopped. */
  const running = new Map<string, () => void>();

  for (const [path, { type, bytes }] of page) {
    const headers = {
      ...{ ...HEADERS, 'content-type': type, 'cache-control': 'no-cache' },
      ...(path === '/' ? { 'content-security-policy': PAGE_POLICY } : {}),
    };
    app.get(path, () => new Response(bytes, { headers }));
  }
  if (report !== undefined) {
    app.get('/studio/report', async (c) => {
      const text = await report(c.req.query('study') ?? '');
      if (text === null) throw new ApiError(404, 'this study has no report yet');
      // The report has a policy of its own, which allows its script alone. The sandbox makes it a stranger to this page.
      const sandbox = "sandbox allow-scripts allow-downloads; frame-ancestors 'self'";
      return c.html(text, 200, {
        ...HEADERS,
        'content-security-policy': sandbox,
        'cache-control': 'no-store',
      });
    });
  }

  app.post('/studio/:operation', async (c) => {
    const operation = c.req.param('operation');
    const { page: opened, call, takes } = await readRequest(c.req.raw, CALL, MOST_BYTES);
    const key = JSON.stringify([opened, call]);
    if (operation === 'stop' || operation === 'leave') {
      if (operation === 'stop') running.get(key)?.();
      else hosts.leave(opened);
      return c.json(null);
    }
    if (!isOperation(operation)) {
      throw new ApiError(404, `"${operation}" is not an operation of the studio`, { code: 'not_found' });
    }
    const taken = readTakes(operation, takes);
    const work = workload.begin(c.req.raw.signal);
    try {
      const { host, release } = hosts.take(opened);
      work.atEnd(release);
      running.set(key, work.abort);
      work.atEnd(() => running.delete(key));
      watch.begun(c, { operation, takes: taken });
      let left = false;
      const hasLeft = (): boolean => left || c.req.raw.signal.aborted;
      return lineStream(
        async (send) => {
          try {
            const tell = (progress: unknown): void => {
              watch.reported(c, progress);
              send({ kind: 'report', progress });
            };
            send({ kind: 'done', returns: await host.run(operation, taken, tell, work.signal) });
          } catch (error) {
            // What was stopped because nobody waits for it has not failed.
            if (!hasLeft()) send({ kind: 'failed', failure: watch.failed(c, error) });
          } finally {
            work.end();
            if (hasLeft()) watch.left(c);
            watch.ended(c);
          }
        },
        work.signal,
        () => {
          left = true;
          work.abort();
        },
      );
    } catch (error) {
      work.end();
      throw error;
    }
  });
  return app;
}

/** Creates an app of nothing but the studio. It answers only to the names of this machine, and to no page but its own. */
export function createStudioApp(options: StudioOptions, workload: Workload): Hono<Env> {
  const access: Access = { token: null, hosts: [], origins: [] };
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    checkNames(access, askingOf(c));
    await next();
  });
  app.onError((error, c) => {
    const told = toApiError(error);
    return c.json(told.body, told.status, told.headers);
  });
  app.route('/', studioRoutes(options, workload));
  return app;
}
