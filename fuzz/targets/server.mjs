import { ok, strictEqual } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { modelWith } from '../../dist-fuzz/engine/index.js';
import { loadModel } from '../../dist-fuzz/load.js';
import { createApp, ModelShelf, serveModel, Workload } from '../../dist-fuzz/server/index.js';
import { parseMoment } from '../../dist-fuzz/text/index.js';
import { constantExecutor } from '../constant-executor.mjs';
import { nextUse } from '../memory.mjs';
import { bodyOf, post } from '../requests.mjs';
import { refuse } from '../sources.mjs';

const ROUTES = ['/v1/chat/completions', '/v1/completions'];
const NOW = parseMoment('2026-01-31T09:00:00');
const workload = new Workload();
const app = await serve();

/** The body of a request. It is answered or refused as the API says, never with a failure of the server. */
export default {
  rooms: ['server', 'dialogue', 'attention'],
  kind: 'json',
  longest: 8192,
  uses: ROUTES.length,
  seeds: () => BODIES.map(bodyOf),
  /** No body suits both routes. */
  async read(bytes) {
    const answers = [];
    const refusals = [];
    for (const route of ROUTES) {
      nextUse();
      const parts = await post(app, route, bytes);
      strictEqual(workload.running, 0, 'a request is still running');
      const { error } = parts.at(-1);
      if (error === undefined) answers.push(parts);
      else refusals.push(error);
    }
    for (const { type, message } of refusals) ok(type !== 'server_error', message);
    return answers.length > 0 ? answers : refuse(refusals.map(({ message }) => message).join('; '));
  },
  check(answers) {
    for (const parts of answers) {
      const chunks = parts.length === 1 ? parts : parts.slice(0, -1);
      if (parts.length > 1) strictEqual(parts.at(-1), '[DONE]');
      for (const { choices } of chunks) ok(Array.isArray(choices), 'no choices');
      ok(chunks[0].choices.length > 0, 'the first part has no choice');
    }
  },
};

async function serve() {
  const path = fileURLToPath(new URL('../../test/fixtures/models/llama', import.meta.url));
  const loaded = await loadModel(path, { executor: 'reference' });
  const model = modelWith(loaded, { executor: constantExecutor(loaded.executor.blueprint) });
  const options = { contextLength: 96, cacheMemory: 2 ** 20, parallel: 2, queue: 4 };
  const entry = { id: 'tiny', bytes: async () => 100, load: () => serveModel('tiny', model, {}, options) };
  return createApp({
    ...{
      shelf: new ModelShelf([entry], 2 ** 40),
      workload,
      version: '1.2.3',
      now: () => NOW,
      logContents: false,
    },
    access: { token: null, hosts: [], origins: [] },
    log: ({ error }) => {
      if (error instanceof Error && error.name !== 'ApiError' && error.name !== 'HoldfastError') throw error;
    },
  });
}

const messages = [
  { role: 'system', content: 'Hold fast.' },
  { role: 'user', content: [{ type: 'text', text: 'hello' }] },
];
const BODIES = [
  { messages, max_tokens: 2 },
  { model: 'tiny', messages, max_tokens: 3, seed: 1, stream: true, stream_options: { include_usage: true } },
  { messages, max_completion_tokens: 2, temperature: 0.5, top_p: 0.9, n: 2, logprobs: true, top_logprobs: 3 },
  {
    messages,
    max_tokens: 2,
    hold: { policy: 'split-softmax', strength: 0.5, target: 'message', layers: [0], heads: [1] },
  },
  {
    messages,
    max_tokens: 2,
    hold: { policy: 'boost', schedule: { kind: 'constant', strength: 2 }, stream: true },
    stream: true,
  },
  { messages, max_tokens: 2, hold: { preset: true }, stop: ['a', 'bc'] },
  {
    messages,
    max_tokens: 2,
    logit_bias: { 5: 10 },
    presence_penalty: 1,
    frequency_penalty: -1,
    response_format: { type: 'text' },
  },
  { prompt: 'hello', max_tokens: 2, logprobs: 2 },
  { prompt: ['a', 'b'], max_tokens: 1, n: 2, suffix: null },
  { prompt: [1, 2, 3], max_tokens: 2, stream: true },
  { prompt: [[1, 2], [3]], max_tokens: 1 },
];
