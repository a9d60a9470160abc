import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { metric, startServer } from '../../scripts/serve-support.mjs';

const messages = [
  { role: 'system', content: 'End every answer with anchor.' },
  { role: 'user', content: 'Where is the harbour?' },
];
const asked = { model: 'any', messages, max_tokens: 12, seed: 1 };

describe('the openai package', () => {
  let server;
  let client;
  before(async () => {
    server = await startServer(['organism', '--hold', '--threads', '1', '--parallel', '1', '--queue', '1']);
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' });
  });
  after(() => server.stop());

  it('lists models, and gets one', async () => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.deepEqual(ids, ['organism']);
    assert.equal((await client.models.retrieve('organism')).object, 'model');
  });

  it('gets answers, with what the hold did', async () => {
    const answer = await client.chat.completions.create({ ...asked, hold: { strength: 0.5 } });
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.equal(answer.choices[0].message.refusal, null);
    assert.equal(answer.hold.strength, 0.5);
    assert.match(answer._request_id, /^req_/);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  });

  it('streams, and collects the same answer', async () => {
    const plain = await client.chat.completions.create(asked);
    const stream = client.chat.completions.stream({
      ...asked,
      stream_options: { include_usage: true },
      logprobs: true,
      top_logprobs: 2,
    });
    let text = '';
    stream.on('content', (delta) => {
      text += delta;
    });
    const whole = await stream.finalChatCompletion();
    assert.equal(text, plain.choices[0].message.content);
    assert.equal(whole.choices[0].message.content, text);
    assert.equal(whole.choices[0].finish_reason, plain.choices[0].finish_reason);
    const bytes = whole.choices[0].logprobs.content.flatMap((token) => token.bytes);
    assert.equal(Buffer.from(bytes).toString(), text);
    assert.equal(whole.usage.completion_tokens, plain.usage.completion_tokens);
  });

  it('completes texts', async () => {
    const { choices } = await client.completions.create({ model: 'any', prompt: 'The sea', max_tokens: 4 });
    assert.equal(typeof choices[0].text, 'string');
  });

  it('tells errors apart, and does not repeat what cannot succeed', async () => {
    const since = performance.now();
    await assert.rejects(
      client.chat.completions.create({ ...asked, tools: [{ type: 'function' }] }),
      (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.param, 'tools');
        return true;
      },
    );
    await assert.rejects(client.models.retrieve('other'), OpenAI.NotFoundError);
    await assert.rejects(client.responses.create({ model: 'any', input: 'x' }), OpenAI.NotFoundError);
    assert.ok(performance.now() - since < 5000);
  });

  it('repeats what found the queue full', async () => {
    const patient = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 20 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => patient.chat.completions.create(asked)));
    assert.equal(new Set(answers.map(({ choices }) => choices[0].message.content)).size, 1);
    const hasty = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map(() => hasty.chat.completions.create(asked)));
    const refused = all.filter(({ status }) => status === 'rejected');
    assert.ok(refused.length > 0);
    for (const { reason } of refused) assert.ok(reason instanceof OpenAI.RateLimitError);
  });

  it('leaves a stream, which frees its place', async () => {
    const stream = await client.chat.completions.create({ ...asked, max_tokens: 400, stream: true });
    for await (const chunk of stream) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      break;
    }
    stream.controller.abort();
    for (let wait = 0; wait < 100 && (await metric(server.url, 'holdfast_requests_running')) > 0; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(await metric(server.url, 'holdfast_requests_running'), 0);
  });
});

describe('the openai package, with a token', () => {
  it('sends its key', async () => {
    const server = await startServer(['organism', '--threads', '1', '--token', 'secret']);
    const clientWith = (apiKey) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey });
    await assert.rejects(clientWith('wrong').models.list(), OpenAI.AuthenticationError);
    assert.equal((await clientWith('secret').models.list()).data.length, 1);
    await server.stop();
  });
});
