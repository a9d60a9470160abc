import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { jsonOf, type Serving, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';

const CHAT = '/v1/chat/completions';
const messages = [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: 'hello' },
];
const asked = { messages, max_tokens: 2, seed: 1 };

let model: Model;
let server: Serving;
beforeAll(async () => {
  model = await loadFixture('llama');
  server = serving({ tiny: model });
});
afterAll(() => model.dispose());

/** A dialogue whose second message calls a tool. */
const calling = (role: string, text: string) => ({
  messages: [
    { role: 'user', content: 'hello' },
    {
      role,
      content: '',
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: text } }],
    },
    { role: 'tool', content: 'x', tool_call_id: 'c' },
  ],
});

/** What is changed in a good request, and the field that the refusal names. */
const REFUSED: readonly (readonly [object, string])[] = [
  [{ messages: [] }, 'messages'],
  [{ messages: undefined }, 'messages'],
  [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages.0.role'],
  [{ messages: [{ role: 'user', content: 5 }] }, 'messages.0.content'],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
    'messages.0.content.0.type',
  ],
  [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages.0.content.0.text'],
  [
    { messages: [{ role: 'assistant', content: null, tool_calls: [{}] }] },
    'messages.0.tool_calls.0.function',
  ],
  [calling('assistant', '{}'), 'messages.1.tool_calls'],
  [calling('user', '{}'), 'messages.1.tool_calls'],
  [calling('assistant', '{'), 'messages.1.tool_calls.0.function.arguments'],
  [calling('assistant', '[]'), 'messages.1.tool_calls.0.function.arguments'],
  [calling('assistant', '{"x": "\\ud800"}'), 'messages.1.tool_calls.0.function.arguments'],
  [calling('assistant', `{"x": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`), 'messages'],
  [
    calling('assistant', `{"x": ${'['.repeat(40)}${']'.repeat(40)}}`),
    'messages.1.tool_calls.0.function.arguments',
  ],
  [{ messages: [{ role: 'assistant', content: 'x', function_call: {} }] }, 'messages.0.function_call'],
  [{ messages: [{ role: 'user', content: '\ud800' }] }, 'messages.0.content'],
  [{ messages: [{ role: 'user', content: 'x'.repeat(10_000) }] }, 'messages'],
  [{ messages: Array.from({ length: 3000 }, () => ({ role: 'user', content: '' })) }, 'messages'],
  [{ tools: [{ type: 'function' }] }, 'tools'],
  [{ functions: [{}] }, 'functions'],
  [{ tools: [], tool_choice: 'required' }, 'tool_choice'],
  [{ tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
  [{ function_call: { name: 'f' } }, 'function_call'],
  [{ response_format: { type: 'json_object' } }, 'response_format.type'],
  [{ response_format: { type: 'json_schema', json_schema: {} } }, 'response_format.type'],
  [{ modalities: ['audio'] }, 'modalities.0'],
  [{ temperature: 3 }, 'temperature'],
  [{ temperature: '1' }, 'temperature'],
  [{ top_p: -1 }, 'top_p'],
  [{ n: 9 }, 'n'],
  [{ n: 0 }, 'n'],
  [{ max_tokens: 0 }, 'max_tokens'],
  [{ max_completion_tokens: 1.5 }, 'max_completion_tokens'],
  [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
  [{ stop: '' }, 'stop'],
  [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
  [{ top_logprobs: 2 }, 'top_logprobs'],
  [{ presence_penalty: 3 }, 'presence_penalty'],
  [{ logit_bias: { x: 1 } }, 'logit_bias.x'],
  [{ logit_bias: { 1: 101 } }, 'logit_bias.1'],
  [{ logit_bias: { 99999: 1 } }, 'logit_bias'],
  [{ seed: 0.5 }, 'seed'],
  [{ hold: { strenght: 0.5 } }, 'hold.strenght'],
  [{ hold: { policy: 'sharpen', strength: 1 } }, 'hold.policy'],
  [{ hold: { policy: 'split-softmax' } }, 'hold.strength'],
  [{ hold: { policy: 'split-softmax', strength: 2 } }, 'hold.strength'],
  [{ hold: { strength: 0.5 } }, 'hold.strength'],
  [{ hold: { layers: [0] } }, 'hold.layers'],
  [{ hold: { heads: [0] } }, 'hold.heads'],
  [{ hold: { target: 'sink' } }, 'hold.target'],
  [{ audio: { voice: 'x' } }, 'audio'],
  [{ guided_json: {} }, 'guided_json'],
  [{ grammar: 'root ::= "a"' }, 'grammar'],
  [{ stop_token_ids: [1] }, 'stop_token_ids'],
  [{ echo: true }, 'echo'],
  [{ suffix: 'x' }, 'suffix'],
  [{ top_k: 0.5 }, 'top_k'],
  [{ min_p: 2 }, 'min_p'],
  [{ repetition_penalty: 0 }, 'repetition_penalty'],
  [{ repetition_penalty: 1e9 }, 'repetition_penalty'],
  [{ hold: { policy: 'boost', strength: 2, schedule: { kind: 'constant', strength: 2 } } }, 'hold.strength'],
  [{ hold: { policy: 'boost', strength: 2, layers: [99] } }, 'hold.layers'],
  [{ hold: { policy: 'boost', strength: 2, layers: [] } }, 'hold.layers'],
  [{ hold: { policy: 'boost', strength: 2, heads: [99] } }, 'hold.heads'],
  [{ hold: { off: true, heads: [99] } }, 'hold.off'],
  [
    { hold: { policy: 'boost', schedule: { kind: 'per-turn', from: 1, to: 2, step: -1 } } },
    'hold.schedule.step',
  ],
  [{ hold: { off: true, policy: 'boost', strength: 2 } }, 'hold.off'],
  [{ hold: { preset: true, off: true } }, 'hold.off'],
  [{ hold: { preset: true, target: 'nowhere' } }, 'hold.target'],
  [{ messages: messages.slice(1), hold: { preset: true } }, 'hold.target'],
];

describe('a chat', () => {
  it.each(REFUSED)('is refused for %j', async (change, param) => {
    const response = await server.ask(CHAT, { ...asked, ...change });
    const { error } = await jsonOf(response);
    expect([response.status, error.param]).toEqual([400, param]);
    expect(error.type).toBe('invalid_request_error');
    expect(error.message).not.toContain('/');
    expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it.each([
    [CHAT, { ...asked, logit_bias: { 99999: 1 } }],
    ['/v1/completions', { prompt: 'x', logit_bias: { 99999: 1 } }],
    ['/v1/completions', { prompt: 'x', stop: '' }],
    ['/v1/completions', { prompt: [1, 99999] }],
    ['/v1/completions', { prompt: '' }],
  ])('is refused before its stream begins: %s %j', async (path, request) => {
    const response = await server.ask(path, { ...request, stream: true });
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).error.type).toBe('invalid_request_error');
  });

  it.each([1e4, 1e5])('is refused at once if it has %i messages', { timeout: 20_000 }, async (length) => {
    const response = await server.ask(CHAT, { messages: Array(length).fill({ role: 'user', content: 'x' }) });
    expect([response.status, (await jsonOf(response)).error.param]).toEqual([400, 'messages']);
  });

  it('is refused in few words, whatever the length of its names', async () => {
    const long = 'k'.repeat(10_000);
    for (const hold of [{ [long]: 1 }, { policy: long }, { target: long }]) {
      const response = await server.ask(CHAT, { ...asked, hold });
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(1000);
    }
    const biased = await server.ask(CHAT, { ...asked, logit_bias: { [long]: 1 } });
    expect((await biased.text()).length).toBeLessThan(1000);
  });

  it('may have everything that the refused ones lack', async () => {
    const whole = {
      ...{ temperature: 2, top_p: 0, n: 1, stop: ['a', 'b', 'c', 'd'], logprobs: true, top_logprobs: 20 },
      ...{ presence_penalty: -2, logit_bias: { 1: -100 }, seed: -1, max_completion_tokens: 1, max_tokens: 9 },
      ...{ tools: [], tool_choice: 'none', functions: [], function_call: 'auto' },
      hold: { policy: 'boost', strength: 2, target: 'content', layers: [0], heads: [0], stream: false },
    };
    const response = await server.ask(CHAT, { ...asked, ...whole });
    expect(response.status).toBe(200);
    expect((await jsonOf(response)).usage.completion_tokens).toBe(1);
  });

  it.each([
    ['{"messages": [', {}, 400],
    ['\xff', {}, 400],
    ['null', {}, 400],
    ['{}', { 'content-type': 'text/plain' }, 415],
    ['{}', { 'content-encoding': 'gzip' }, 415],
    [JSON.stringify({ ...asked, user: 'x'.repeat(5 << 20) }), {}, 413],
  ])('is refused if its body is %.20s', async (body, headers, status) => {
    const bytes = body === '\xff' ? Uint8Array.of(0xff) : body;
    const response = await server.ask(CHAT, undefined, { method: 'POST', body: bytes, headers });
    expect(response.status).toBe(status);
    expect((await jsonOf(response)).error.type).toBe('invalid_request_error');
  });

  it('is never an internal error, whatever is in it', async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(0, -1, 1e300, '', [], {}, null, true),
    );
    const field = fc.oneof(
      fc.constantFrom(...REFUSED.flatMap(([change]) => Object.keys(change))),
      fc.string(),
    );
    const known = fc.constantFrom(...REFUSED.map(([change]) => change));
    const changes = fc.dictionary(field, value, { maxKeys: 3, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(known, changes, async (one, others) => {
        const response = await server.ask(CHAT, { ...asked, ...one, ...others, stream: false });
        expect([200, 400]).toContain(response.status);
        const body = await jsonOf(response);
        if (response.status === 400) expect(body.error.message).toEqual(expect.any(String));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a completion', () => {
  it.each([
    [{ prompt: undefined }, 'prompt'],
    [{ prompt: '' }, 'prompt'],
    [{ prompt: 'the rope '.repeat(400) }, 'prompt'],
    [{ prompt: [1, 99999] }, 'prompt'],
    [{ prompt: [[1], [99999]] }, 'prompt'],
    [{ prompt: [[1], []] }, 'prompt'],
    [{ prompt: [[1], 'x'] }, 'prompt'],
    [{ prompt: [1, 'x'] }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
    [{ prompt: Array.from({ length: 9 }, () => 'x') }, 'prompt'],
    [{ prompt: 'x', echo: true }, 'echo'],
    [{ prompt: 'x', best_of: 2 }, 'best_of'],
    [{ prompt: 'x', max_completion_tokens: 2 }, 'max_completion_tokens'],
    [{ prompt: 'x', guided_regex: 'a' }, 'guided_regex'],
    [{ prompt: 'x', logprobs: 6 }, 'logprobs'],
    [{ prompt: 'x', response_format: { type: 'json_object' } }, 'response_format'],
    [{ prompt: 'x', modalities: ['audio'] }, 'modalities'],
    [{ prompt: 'x', tools: [{ type: 'function' }] }, 'tools'],
    [{ prompt: 'x', tool_choice: 'required' }, 'tool_choice'],
    [{ prompt: 'x', functions: [{}] }, 'functions'],
    [{ prompt: 'x', function_call: { name: 'f' } }, 'function_call'],
    [{ prompt: 'x', hold: { preset: true } }, 'hold'],
  ])('is refused for %j', async (change, param) => {
    const response = await server.ask('/v1/completions', { max_tokens: 2, ...change });
    const { error } = await jsonOf(response);
    expect([response.status, error.param?.split('.')[0]]).toEqual([400, param]);
  });
});

it.each([
  [CHAT, { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop: at most 4 stop texts'],
  ['/v1/completions', { prompt: Array(9).fill('x') }, 'prompt: at most 8 prompts'],
  ['/v1/completions', { prompt: Array(9).fill([1]) }, 'prompt: at most 8 prompts'],
  ['/v1/completions', { hold: { strength: 1 } }, 'hold.off: a completion has no system prompt to hold'],
  [
    '/v1/completions',
    { hold: { off: true, strength: 1 } },
    'hold.strength: a completion has no system prompt to hold',
  ],
])('a refusal names the limit: %s %j', async (path, change, message) => {
  const response = await server.ask(path, { ...asked, prompt: 'x', ...change });
  expect([response.status, (await jsonOf(response)).error.message]).toEqual([400, message]);
});

describe('a stream', () => {
  it.each([
    ['/v1/completions', { prompt: '' }],
    ['/v1/completions', { prompt: [99999] }],
    ['/v1/completions', { prompt: 'x', logit_bias: { 99999: 1 } }],
    [CHAT, { messages, logit_bias: { 99999: 1 } }],
    [CHAT, { messages: messages.slice(1), hold: { preset: true } }],
  ])('does not begin where the request can be refused: %s %j', async (path, request) => {
    expect((await server.ask(path, { ...request, stream: true })).status).toBe(400);
  });
});
