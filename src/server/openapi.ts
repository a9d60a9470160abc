import { createRoute, z } from '@hono/zod-openapi';
import { chatRequest, completionRequest } from './requests.js';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
const streamed = (description: string, schema: z.ZodType) => ({
  description,
  content: { ...json(schema).content, 'text/event-stream': { schema: z.looseObject({ data: z.string() }) } },
});

const error = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .openapi('Error');

const model = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.literal('holdfast'),
  })
  .openapi('Model');

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
});
const share = z.object({ before: z.number(), after: z.number() }).nullable();
const head = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};
const finish = z.enum(['stop', 'length']);

const chat = z
  .object({
    ...head,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.looseObject({}).nullable(),
        finish_reason: finish,
      }),
    ),
    usage,
    hold: z
      .object({
        policy: z.string(),
        strength: z.number().nullable(),
        shares: z.object({ prompt: share, sink: share, turns: z.array(z.number()) }),
        receipt: z.looseObject({}).nullable(),
        notice: z.string().nullable(),
      })
      .nullable(),
  })
  .openapi('Chat');

const completion = z
  .object({
    ...head,
    object: z.literal('text_completion'),
    choices: z.array(
      z.object({
        index: z.int(),
        text: z.string(),
        logprobs: z.looseObject({}).nullable(),
        finish_reason: finish,
      }),
    ),
    usage,
  })
  .openapi('Completion');

const failures = {
  '4XX': { description: 'The request cannot be answered.', ...json(error) },
  '5XX': { description: 'The server failed, or is busy or stopping.', ...json(error) },
};

/** The routes of the API, for its description. */
export const ROUTES = {
  models: createRoute({
    method: 'get',
    path: '/v1/models',
    responses: {
      200: ok('The models.', z.object({ object: z.literal('list'), data: z.array(model) })),
      ...failures,
    },
  }),
  model: createRoute({
    method: 'get',
    path: '/v1/models/{id}',
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: ok('The model.', model), ...failures },
  }),
  chat: createRoute({
    method: 'post',
    path: '/v1/chat/completions',
    request: { body: { required: true, ...json(chatRequest) } },
    responses: { 200: streamed('The answer; with `stream`, server-sent events.', chat), ...failures },
  }),
  completion: createRoute({
    method: 'post',
    path: '/v1/completions',
    request: { body: { required: true, ...json(completionRequest) } },
    responses: {
      200: streamed('The continuation; with `stream`, server-sent events.', completion),
      ...failures,
    },
  }),
  health: createRoute({
    method: 'get',
    path: '/health',
    responses: { 200: ok('The server answers.', z.object({ status: z.literal('ok') })), ...failures },
  }),
  metrics: createRoute({
    method: 'get',
    path: '/metrics',
    responses: {
      200: {
        description: 'What the server has done, in the text format of Prometheus.',
        content: { 'text/plain': { schema: z.string() } },
      },
      ...failures,
    },
  }),
  openapi: createRoute({
    method: 'get',
    path: '/openapi.json',
    responses: { 200: ok('This description.', z.looseObject({ openapi: z.string() })), ...failures },
  }),
} as const;
