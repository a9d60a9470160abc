import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { jsonOf, type Serving, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';

const CHAT = '/v1/chat/completions';
const asked = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 8, temperature: 2, seed: 5 };

let model: Model;
let plain: Serving;
beforeAll(async () => {
  model = await loadFixture('llama');
  plain = serving({ tiny: model });
});
afterAll(() => model.dispose());

describe('the routes', () => {
  it('list the models, also those with a slash in their name, and no others', async () => {
    const server = serving({ tiny: model, 'owner/name:Q4': model });
    const { data } = await jsonOf(await server.ask('/v1/models'));
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['tiny', 'owner/name:Q4']);
    expect(await jsonOf(await server.ask('/v1/models/owner/name:Q4'))).toMatchObject({ id: 'owner/name:Q4' });
    expect((await server.ask('/v1/models/other')).status).toBe(404);
  });

  it('describe the server: health, metrics and OpenAPI', async () => {
    const server = serving({ tiny: model });
    expect(await jsonOf(await server.ask('/health'))).toEqual({ status: 'ok' });
    await server.ask(CHAT, asked);
    await server.ask('/nowhere');
    const text = await (await server.ask('/metrics')).text();
    expect(text).toContain(
      'holdfast_requests_total{route="/v1/chat/completions",status="200",outcome="done"} 1\n',
    );
    expect(text).toContain('holdfast_requests_total{route="other",status="404",outcome="failed"} 1\n');
    expect(text).toContain('holdfast_tokens_total{kind="answer"} 8\n');
    expect(text).toContain('holdfast_first_token_seconds_count 1\n');
    const api = await jsonOf(await server.ask('/openapi.json'));
    const served = new Set(server.app.routes.flatMap(({ method, path }) => (method === 'ALL' ? [] : [path])));
    const paths = [...served].map((path) => path.replace(':id{.+}', '{id}'));
    expect(Object.keys(api.paths).toSorted()).toEqual(paths.toSorted());
    expect(api.components.schemas.ChatRequest.properties.hold).toBeDefined();
  });

  it.each([
    ['/v1/chat/completions', 'GET', 'POST'],
    ['/v1/completions', 'PUT', 'POST'],
    ['/v1/models', 'POST', 'GET, HEAD'],
    ['/v1/models/tiny', 'DELETE', 'GET, HEAD'],
    ['/health', 'PATCH', 'GET, HEAD'],
    ['/openapi.json', 'OPTIONS', 'GET, HEAD'],
  ])('take no other methods than theirs: %s %s', async (path, method, allowed) => {
    const response = await plain.ask(path, undefined, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
    expect((await jsonOf(response)).error).toMatchObject({ code: 'method_not_allowed', param: null });
    expect((await plain.ask('/nowhere', undefined, { method })).status).toBe(404);
  });

  it('answer to HEAD as to GET, without a body', async () => {
    const response = await plain.ask('/v1/models', undefined, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('point from /v1/responses to chats, and take two slashes for one', async () => {
    const response = await plain.ask('/v1/responses', {});
    expect(response.status).toBe(404);
    expect((await jsonOf(response)).error.message).toContain('/v1/chat/completions');
    expect((await plain.ask('//v1//models')).status).toBe(200);
    expect((await jsonOf(await plain.ask('/chat/completions', {}))).error.message).toContain('under /v1');
  });
});

describe('several models', () => {
  it('are loaded when they are asked for, within the memory, and never by another name', async () => {
    const server = serving({ a: model, b: model, c: model }, {}, { modelMemory: 200 });
    const answerOf = async (name: string) => server.ask(CHAT, { ...asked, model: name });
    for (const name of ['a', 'b', 'c', 'a']) {
      expect((await jsonOf(await answerOf(name))).model).toBe(name);
      expect(server.shelf.loaded.length).toBeLessThanOrEqual(2);
    }
    expect(server.shelf.loaded.map(({ id }) => id)).toEqual(['a', 'c']);
    const missing = await answerOf('../../etc/passwd');
    expect(missing.status).toBe(404);
    expect((await jsonOf(missing)).error).toMatchObject({ param: 'model', code: 'model_not_found' });
  });

  it('are one where there is only one: it answers to every name, and says its own', async () => {
    const body = await jsonOf(await plain.ask(CHAT, { ...asked, model: 'gpt-4o' }));
    expect(body.model).toBe('tiny');
  });
});
