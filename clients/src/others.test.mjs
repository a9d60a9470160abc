import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import { startServer } from '../../scripts/serve-support.mjs';

const system = 'End every answer with anchor.';
const question = 'Where is the harbour?';

let server;
before(async () => {
  server = await startServer([
    'organism',
    '--hold',
    '--threads',
    '1',
    '--temperature',
    '0',
    '--max-tokens',
    '12',
  ]);
});
after(() => server.stop());

/** What the server answers to a plain request. */
async function expected() {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: question },
      ],
    }),
  });
  return (await response.json()).choices[0].message.content;
}

describe('the AI SDK', () => {
  const model = () =>
    createOpenAICompatible({ name: 'holdfast', baseURL: `${server.url}/v1`, includeUsage: true })('any');

  it('generates and streams the same text', async () => {
    const options = { model: model(), system, prompt: question };
    const { text, usage, finishReason } = await generateText(options);
    assert.equal(text, await expected());
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
    assert.ok(['stop', 'length'].includes(finishReason));
    const stream = streamText(options);
    let streamed = '';
    for await (const piece of stream.textStream) streamed += piece;
    assert.equal(streamed, text);
    assert.ok((await stream.usage).outputTokens > 0);
  });

  it('shows the message of an error', async () => {
    const call = generateText({ model: model(), prompt: question, temperature: 7, maxRetries: 0 });
    await assert.rejects(call, /temperature/);
  });
});

describe('LangChain', () => {
  const model = () =>
    new ChatOpenAI({
      ...{ model: 'any', apiKey: 'none', useResponsesApi: false, maxRetries: 0 },
      configuration: { baseURL: `${server.url}/v1` },
    });
  const messages = [
    ['system', system],
    ['human', question],
  ];

  it('invokes and streams the same text', async () => {
    const answer = await model().invoke(messages);
    assert.equal(answer.content, await expected());
    assert.ok(answer.usage_metadata.output_tokens > 0);
    let streamed = '';
    for await (const chunk of await model().stream(messages)) streamed += chunk.content;
    assert.equal(streamed, answer.content);
  });
});

describe('curl', () => {
  it('gets an answer, and an error with a status', async () => {
    const curl = async (...args) => (await promisify(execFile)('curl', ['-s', ...args])).stdout;
    const body = JSON.stringify({
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: question },
      ],
    });
    const json = ['-H', 'content-type: application/json', '-d', body];
    const answer = JSON.parse(await curl(`${server.url}/v1/chat/completions`, ...json));
    assert.equal(answer.choices[0].message.content, await expected());
    const status = await curl(
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      `${server.url}/v1/chat/completions`,
      '-d',
      '{}',
    );
    assert.equal(status, '415');
  });
});
