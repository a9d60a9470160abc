import { z } from '@hono/zod-openapi';
import { scheduleSchema } from '../dialogue/index.js';

/** The most that a request may have. */
export const LIMITS = {
  /** Bytes of a body. */
  bodyBytes: 4 * 1024 * 1024,
  messages: 4096,
  /** Answers to one request. */
  choices: 8,
  /** Most probable tokens that are reported with each token. */
  topLogprobs: 20,
  stops: 4,
  biases: 1024,
  /** Calls of tools in one message. */
  calls: 128,
  /** Levels of objects and lists in the arguments of a call. */
  argumentDepth: 32,
  /** Characters of all messages for each token of the context: longer text is refused before it is tokenised. */
  charactersPerToken: 32,
} as const;

const TOOLS = 'tools are not supported: this server does not constrain what a model writes';

/** Must be empty, because what it asks for is not supported. */
const noTools = z.array(z.unknown()).max(0, TOOLS).nullish();

/** May only leave it to the model whether it calls a tool: there are none. */
const noToolChoice = z.enum(['none', 'auto'], { error: TOOLS }).nullish();

/** What chats and completions refuse, because nothing constrains what a model writes. */
const constraints = {
  response_format: z
    .object({ type: z.literal('text', { error: 'only text is supported: JSON is not enforced here' }) })
    .nullish(),
  modalities: z.array(z.literal('text', { error: 'only text is supported' })).nullish(),
  tools: noTools,
  tool_choice: noToolChoice,
  // The names of tools before they were called tools.
  functions: noTools,
  function_call: noToolChoice,
};

/** Returns fields that must not be given: they would change the answer, and nothing here does what they ask for. */
const without = <Name extends string>(...names: readonly Name[]) =>
  Object.fromEntries(
    names.map((name) => [name, z.null({ error: 'not supported: it would be ignored' }).optional()]),
  ) as Record<Name, z.ZodOptional<z.ZodNull>>;

/** What other servers take besides the fields of the OpenAI API. */
const ofOtherServers = without(
  ...[
    'audio',
    'chat_template',
    'grammar',
    'json_schema',
    'structured_outputs',
    'min_tokens',
    'stop_token_ids',
  ],
  ...['guided_json', 'guided_regex', 'guided_choice', 'guided_grammar'],
);

const textPart = z.object({
  type: z.literal('text', { error: 'only text is supported, not images, audio or files' }),
  text: z.string(),
});

const toolCall = z.object({
  id: z.string().max(256).nullish(),
  type: z.literal('function', { error: 'only functions are supported' }).nullish(),
  function: z.object({
    name: z.string().min(1).max(256),
    /** JSON of an object. */
    arguments: z.string(),
  }),
});

const message = z
  .object({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: z.union([z.string(), z.array(textPart)]).nullish(),
    name: z.string().max(256).nullish(),
    /** What an assistant has called, for templates that write it. */
    tool_calls: z.array(toolCall).max(LIMITS.calls).nullish(),
    /** The call that the message of a tool answers. */
    tool_call_id: z.string().max(256).nullish(),
    function_call: z.null({ error: 'not supported: use tool_calls' }).optional(),
  })
  .refine(({ role, tool_calls: calls }) => role === 'assistant' || !calls?.length, {
    message: 'only an assistant calls tools',
    path: ['tool_calls'],
  });

/** A message of a request. */
export type RequestMessage = z.infer<typeof message>;

/** How a request changes what the server does by default to hold the system prompt. */
const hold = z.strictObject({
  /** A policy by name, with `strength` or `schedule`. */
  policy: z.string().max(64).optional(),
  /** A constant strength. */
  strength: z.number().optional(),
  schedule: scheduleSchema.optional(),
  /** The tokens whose share changes, as `--target` takes them. */
  target: z.string().max(64).optional(),
  layers: z.array(z.int().min(0)).max(1024).optional(),
  heads: z.array(z.int().min(0)).max(1024).optional(),
  /** The preset of this model; the recommended setting if it has none. */
  preset: z.boolean().optional(),
  /** No policy in this request. */
  off: z.boolean().optional(),
  /** Shares and strength with every token of a stream. */
  stream: z.boolean().optional(),
});

/** The `hold` of a request. */
export type HoldRequest = z.infer<typeof hold>;

const count = (most: number) => z.int().min(1).max(most);
const penalty = z.number().min(-2).max(2).nullish();
const maxTokens = z.int().min(1).nullish();

/** What chats and completions have in common. */
const sampling = {
  model: z.string().max(512).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  n: count(LIMITS.choices).nullish(),
  stop: z
    .union([z.string(), z.array(z.string()).max(LIMITS.stops, `at most ${LIMITS.stops} stop texts`)])
    .nullish(),
  max_tokens: maxTokens,
  presence_penalty: penalty,
  frequency_penalty: penalty,
  // Not in the OpenAI API, but in those of other servers, whose clients send them.
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'a token id is a whole number'), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= LIMITS.biases, `at most ${LIMITS.biases} tokens`)
    .nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
};

/** `POST /v1/chat/completions`. Other keys are ignored. */
export const chatRequest = z
  .object({
    ...sampling,
    ...constraints,
    ...ofOtherServers,
    ...without('echo', 'best_of', 'suffix'),
    messages: z.array(message).min(1).max(LIMITS.messages),
    max_completion_tokens: maxTokens,
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(LIMITS.topLogprobs).nullish(),
    hold: hold.nullish(),
  })
  .refine(({ logprobs, top_logprobs: top }) => logprobs === true || !top, {
    message: 'top_logprobs needs logprobs: true',
    path: ['top_logprobs'],
  })
  .openapi('ChatRequest');

/** A checked request for an answer to a dialogue. */
export type ChatRequest = z.infer<typeof chatRequest>;

/** A prompt as token ids. */
const tokens = z.array(z.int().min(0)).min(1, 'a prompt needs at least one token');

const prompts = <Prompt extends z.ZodType>(prompt: Prompt) =>
  z.array(prompt).min(1, 'at least one prompt').max(LIMITS.choices, `at most ${LIMITS.choices} prompts`);

const NOTHING_HELD = { error: 'a completion has no system prompt to hold' };

/** `POST /v1/completions`. Other keys are ignored. */
export const completionRequest = z
  .object({
    ...sampling,
    ...constraints,
    ...ofOtherServers,
    ...without('max_completion_tokens'),
    prompt: z.union([z.string(), prompts(z.string()), tokens, prompts(tokens)]),
    logprobs: z.int().min(0).max(5).nullish(),
    echo: z.literal(false, { error: 'echo is not supported' }).nullish(),
    best_of: z.literal(1, { error: 'best_of is not supported' }).nullish(),
    suffix: z.literal('', { error: 'suffix is not supported' }).nullish(),
    hold: z.strictObject({ off: z.literal(true, NOTHING_HELD) }, NOTHING_HELD).nullish(),
  })
  .openapi('CompletionRequest');

/** A checked request to continue a text. */
export type CompletionRequest = z.infer<typeof completionRequest>;

/** The options that chats and completions share. */
export type SamplingRequest = Pick<CompletionRequest, keyof typeof sampling>;
