import { memoryUsage } from 'node:process';
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { getPath } from 'hono/utils/url';
import type { DialogueCache } from '../dialogue/index.js';
import type { Moment } from '../text/index.js';
import { ApiError } from './api-error.js';
import type { Suits } from './cache-pool.js';
import { answerChat, type ChatEvent, continuing, readChat } from './chat.js';
import { bodyOptions, chatBody, chatChunks, responseHead } from './chat-bodies.js';
import {
  beginning,
  type CompletionEvent,
  complete,
  completionBody,
  completionChunks,
  readPrompts,
} from './completion.js';
import { type Access, checkNames, checkToken } from './guard.js';
import { Metrics } from './metrics.js';
import type { ModelShelf } from './model-shelf.js';
import { newId } from './new-id.js';
import { ROUTES } from './openapi.js';
import { readRequest } from './read-body.js';
import { chatRequest, completionRequest } from './requests.js';
import { askingOf, createResponder, type Env, type Generating, type LogEntry } from './respond.js';
import type { ServedModel } from './served-model.js';
import { type StudioOptions, studioRoutes } from './studio.js';
import { studioWatch } from './studio-watch.js';
import type { Work, Workload } from './workload.js';

/** What a server is made of. */
export interface ServerOptions {
  readonly shelf: ModelShelf;
  readonly workload: Workload;
  readonly access: Access;
  /** Returns the moment that templates write. */
  readonly now: () => Moment;
  readonly version: string;
  readonly log: (entry: LogEntry) => void;
  /** Whether the log has what was asked and answered. */
  readonly logContents: boolean;
  /** The studio at `/`; without it, the server has no page. */
  readonly studio?: StudioOptions;
  /** See `EventStreamOptions`. */
  readonly keepAliveMs?: number;
  readonly stallMs?: number;
}

/**
 * Creates the API as an app of hono: routes can be added to it, and it can be bound to a port or called with requests.
 *
 * A request's names and token are checked before its route is looked up.
 */
export function createApp(options: ServerOptions): OpenAPIHono<Env> {
  const { shelf, workload, access, now, version, studio } = options;
  const metrics = new Metrics();
  const { respond, failed, finished } = createResponder({
    ...{ keepAliveMs: 10_000, stallMs: 60_000 },
    ...options,
    metrics,
  });
  const app = new OpenAPIHono<Env>({
    // Clients join a base address that ends with a slash and a path that begins with one.
    getPath: (request) => getPath(request).replaceAll(/\/{2,}/g, '/'),
  });

  app.use(async (c, next) => {
    c.set('since', performance.now());
    c.set('request', newId('req_'));
    c.set('contents', { request: null, answers: [] });
    await next();
    c.header('x-request-id', c.get('request'));
    if (!c.get('streams')) finished(c);
  });
  app.use(async (c, next) => {
    checkNames(access, askingOf(c));
    await next();
  });
  if (access.origins.length > 0) {
    app.use(
      cors({
        origin: [...access.origins],
        exposeHeaders: ['x-request-id', 'x-should-retry', 'retry-after-ms', 'retry-after'],
      }),
    );
  }
  app.use(async (c, next) => {
    // The page asks for the token, so it comes without one. It has nothing but the program.
    const isOpen = c.req.path === '/health' || (c.req.method === 'GET' && studio?.page.has(c.req.path));
    if (!isOpen) checkToken(access, askingOf(c));
    await next();
  });

  app.onError((error, c) => failed(c, error));
  app.notFound((c) => {
    const { path } = c.req;
    const allow = methodsAt(app, path);
    if (allow.length > 0) {
      const message = `this route takes ${allow.join(', ')}`;
      return failed(c, new ApiError(405, message, { code: 'method_not_allowed', allow }));
    }
    const what =
      path === '/v1/responses'
        ? 'this server has no /v1/responses: use /v1/chat/completions'
        : 'there is no such route: the API is under /v1, for example /v1/chat/completions';
    return failed(c, new ApiError(404, what, { code: 'not_found' }));
  });

  app.get('/health', (c) => {
    workload.assertOpen();
    return c.json({ status: 'ok' });
  });
  app.get('/metrics', (c) =>
    c.text(
      metrics.text({
        holdfast_requests_running: workload.running,
        holdfast_requests_waiting: shelf.loaded.reduce((sum, { pool }) => sum + pool.waiting, 0),
        holdfast_models_loaded: shelf.loaded.length,
        process_resident_memory_bytes: memoryUsage.rss(),
      }),
      200,
      { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    ),
  );

  const started = Math.floor(Date.parse(now()) / 1000);
  const described = (id: string) => ({
    id,
    object: 'model' as const,
    created: started,
    owned_by: 'holdfast',
  });
  app.get('/v1/models', (c) => c.json({ object: 'list', data: shelf.ids.map(described) }));
  app.get('/v1/models/:id{.+}', (c) => {
    const id = c.req.param('id');
    if (shelf.ids.includes(id)) return c.json(described(id));
    throw new ApiError(404, 'there is no model of this name here', {
      param: 'model',
      code: 'model_not_found',
    });
  });

  for (const route of Object.values(ROUTES)) app.openAPIRegistry.registerPath(route);
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Holdfast', version, description: 'The OpenAI API, with the hold on the system prompt.' },
  });

  app.post('/v1/chat/completions', (c) =>
    respond(
      c,
      () => readRequest(c.req.raw, chatRequest),
      async (request, work) => {
        const at = now();
        const served = await takeModel(work, request.model);
        const { dialogue, notice } = await readChat(request, served, at);
        const cache = await takeCache(work, served, continuing(dialogue));
        const prepared = cache.prepare(dialogue);
        const events = answerChat(request, served, cache, { prepared, notice, signal: work.signal });
        const head = responseHead('chatcmpl', served, at);
        const options = bodyOptions(request, request.logprobs === true);
        return {
          events,
          body: (watched) => chatBody(head, watched, options),
          chunks: (watched) => chatChunks(head, watched, options),
        } satisfies Generating<ChatEvent>;
      },
    ),
  );
  app.post('/v1/completions', (c) =>
    respond(
      c,
      () => readRequest(c.req.raw, completionRequest),
      async (request, work) => {
        const at = now();
        const served = await takeModel(work, request.model);
        const prompts = readPrompts(request, served);
        const cache = await takeCache(work, served, beginning(prompts));
        const events = complete(request, served, cache, prompts, work.signal);
        const head = responseHead('cmpl', served, at);
        const options = bodyOptions(request, request.logprobs != null);
        return {
          events,
          body: (watched) => completionBody(head, watched, options),
          chunks: (watched) => completionChunks(head, watched, options),
        } satisfies Generating<CompletionEvent>;
      },
    ),
  );
  if (studio !== undefined) app.route('/', studioRoutes(studio, workload, studioWatch(finished)));
  return app;

  async function takeModel(work: Work, name: string | null | undefined): Promise<ServedModel> {
    const lease = await shelf.take(name ?? null);
    work.atEnd(lease.release);
    return lease.served;
  }

  async function takeCache(work: Work, { pool }: ServedModel, suits: Suits): Promise<DialogueCache> {
    const lease = await pool.take(suits, work.signal);
    work.atEnd(lease.release);
    return lease.cache;
  }
}

/** Returns the methods that a path can be asked with; none if there is no such route. */
function methodsAt({ routes, router }: OpenAPIHono<Env>, path: string): readonly string[] {
  const methods = [...new Set(routes.map(({ method }) => method))];
  // What runs before every route has the method ALL.
  const own = methods.filter((method) =>
    router.match(method, path)[0].some(([[, route]]) => route.method === method && method !== 'ALL'),
  );
  return own.includes('GET') ? [...own, 'HEAD'] : own;
}
