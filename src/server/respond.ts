import type { Context } from 'hono';
import { toApiError } from './api-error.js';
import type { TokenCounts } from './chat.js';
import { eventStream, within } from './event-stream.js';
import type { Asking } from './guard.js';
import type { Metrics } from './metrics.js';
import type { Work, Workload } from './workload.js';

/** How a request ended: with its answer, with an error, or because its client left. */
export type Outcome = 'done' | 'failed' | 'left';

/** A line of the log. */
export interface LogEntry {
  readonly request: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** A stream that fails, or is left, has status 200: it was sent before. */
  readonly outcome: Outcome;
  readonly ms: number;
  /** Tokens of the prompt, of these from a cache, and of the answers; null where there were none. */
  readonly tokens: TokenCounts | null;
  /** Why the request failed, for the operator: it may name files. Null if it did not. */
  readonly error: unknown;
  /** The body of the request and the texts of its answers; null unless the log has contents. */
  readonly contents: { readonly request: unknown; readonly answers: readonly string[] } | null;
}

/** What is known of a request while it is served. */
interface Variables {
  /** The name of this request in the log and the response. */
  request: string;
  tokens: TokenCounts;
  failure: unknown;
  /** Whether the client left before its answer was complete. */
  left: boolean;
  contents: { request: unknown; answers: string[] };
  /** Whether the response is a stream, which ends later than its handler. */
  streams: boolean;
  /** When the request came; see `performance.now`. */
  since: number;
}

/** The environment of the app's handlers. */
export type Env = { Variables: Variables };

/** What the log and the counts read of an event. */
export type GeneratedEvent =
  | { readonly kind: 'begin' }
  | { readonly kind: 'piece'; readonly choice: number; readonly text: string }
  | { readonly kind: 'end'; readonly tokens: TokenCounts };

/** What the response to a request depends on besides its events. */
export interface Asked {
  readonly stream?: boolean | null | undefined;
}

/** A request that has its model and its cache. */
export interface Generating<Event extends GeneratedEvent> {
  readonly events: AsyncGenerator<Event, void>;
  body(events: AsyncIterable<Event>): Promise<object>;
  chunks(events: AsyncIterable<Event>): AsyncGenerator<string, void>;
}

/** A request and its response. */
export type AppContext = Context<Env>;

/** Returns what decides whether a request is allowed. */
export function askingOf({ req }: AppContext): Asking {
  const header = (name: string): string | null => req.header(name) ?? null;
  return { host: header('host'), origin: header('origin'), authorization: header('authorization') };
}

/** What answering needs. */
export interface ResponderOptions {
  readonly workload: Workload;
  readonly metrics: Metrics;
  readonly log: (entry: LogEntry) => void;
  /** Whether the log has what was asked and answered. */
  readonly logContents: boolean;
  /** See `EventStreamOptions`. */
  readonly keepAliveMs: number;
  readonly stallMs: number;
}

/** Sends what is generated, and notes how it went. */
export interface Responder {
  /**
   * Generates text for a request, and sends it at once or as a stream. The caches are free when the last pass has ended.
   * @param begin waits for a model and a cache. A stream that waits longer than `keepAliveMs` begins before it has them:
   * what is refused later is an event
   */
  respond<Request extends Asked, Event extends GeneratedEvent>(
    c: AppContext,
    read: () => Promise<Request>,
    begin: (request: Request, work: Work) => Promise<Generating<Event>>,
  ): Promise<Response>;
  /** Returns the response of an error, and notes its reason. */
  failed(c: AppContext, error: unknown): Response;
  /** Writes the log and counts a request. */
  finished(c: AppContext): void;
}

/** Creates the responder of a server. */
export function createResponder({
  workload,
  metrics,
  log,
  logContents,
  keepAliveMs,
  stallMs,
}: ResponderOptions): Responder {
  return { respond, failed, finished };

  function failed(c: AppContext, error: unknown): Response {
    const told = toApiError(error);
    c.set('failure', told.cause ?? told);
    c.set('left', c.req.raw.signal.aborted);
    return c.json(told.body, told.status, told.headers);
  }

  function finished(c: AppContext): void {
    const { method, path } = c.req;
    const { status } = c.res;
    const error = c.get('failure') ?? null;
    const outcome: Outcome = c.get('left') ? 'left' : error === null ? 'done' : 'failed';
    metrics.add('holdfast_requests_total', { route: routeOf(c), status, outcome });
    const tokens = c.get('tokens') ?? null;
    if (tokens !== null) {
      for (const kind of ['prompt', 'cached', 'answer'] as const) {
        metrics.add('holdfast_tokens_total', { kind }, tokens[kind]);
      }
    }
    log({
      ...{ request: c.get('request'), method, path, status, outcome },
      ...{ ms: performance.now() - c.get('since'), tokens, error },
      contents: logContents ? c.get('contents') : null,
    });
  }

  async function respond<Request extends Asked, Event extends GeneratedEvent>(
    c: AppContext,
    read: () => Promise<Request>,
    begin: (request: Request, work: Work) => Promise<Generating<Event>>,
  ): Promise<Response> {
    workload.assertOpen();
    const request = await read();
    c.get('contents').request = request;
    // Not before: a client that sends slowly is no work that a stopping server waits for.
    const work = workload.begin(c.req.raw.signal);
    try {
      const beginning = begin(request, work);
      if (request.stream !== true) {
        const { events, body } = await beginning;
        const whole = await body(watch(c, events));
        work.end();
        return c.json(whole);
      }
      await within(beginning, keepAliveMs);
      c.set('streams', true);
      return eventStream(guarded(c, chunksOf(c, beginning)), {
        keepAliveMs,
        stallMs,
        signal: work.signal,
        abort: () => {
          c.set('left', true);
          work.abort();
        },
        ended: () => {
          work.end();
          finished(c);
        },
      });
    } catch (error) {
      work.end();
      throw error;
    }
  }

  async function* chunksOf<Event extends GeneratedEvent>(
    c: AppContext,
    beginning: Promise<Generating<Event>>,
  ): AsyncGenerator<string, void> {
    const { events, chunks } = await beginning;
    yield* chunks(watch(c, events));
  }

  /** Notes the times, tokens and texts of events that pass. */
  async function* watch<Event extends GeneratedEvent>(
    c: AppContext,
    events: AsyncGenerator<Event, void>,
  ): AsyncGenerator<Event, void> {
    const { answers } = c.get('contents');
    let tokens: TokenCounts = { prompt: 0, cached: 0, answer: 0 };
    let began = false;
    for await (const event of events) {
      if (event.kind === 'piece') {
        if (!began) metrics.firstToken((performance.now() - c.get('since')) / 1000);
        began = true;
        if (logContents) answers[event.choice] = (answers[event.choice] ?? '') + event.text;
      } else if (event.kind === 'end') {
        const { prompt, cached, answer } = event.tokens;
        tokens = {
          prompt: tokens.prompt + prompt,
          cached: tokens.cached + cached,
          answer: tokens.answer + answer,
        };
        c.set('tokens', tokens);
      }
      yield event;
    }
  }

  /** Ends a stream with the end mark, or with an error that clients read. */
  async function* guarded(c: AppContext, chunks: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
    try {
      yield* chunks;
      yield '[DONE]';
    } catch (error) {
      const told = toApiError(error);
      c.set('failure', told.cause ?? told);
      yield JSON.stringify(told.body);
    }
  }
}

/** The route that a request met, so that paths that clients make up are counted together. */
function routeOf(c: AppContext): string {
  const { routePath } = c.req;
  return routePath === '/*' || routePath === '*' ? 'other' : routePath;
}
