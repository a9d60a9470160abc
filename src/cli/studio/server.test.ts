import { mkdtempSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../../test/support/chat-fixtures.js';
import { createHost, type Host } from '../../studio/index.js';
import { createStudioServer } from './server.js';

let server: Server;
let host: Host;
let port = 0;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
  writeFileSync(join(folder, 'index.html'), '<meta name="holdfast-engine" content="browser" />');
  writeFileSync(join(folder, 'secret.key'), 'secret');
  host = createHost(
    {
      models: async () => [{ name: 'llama', about: 'a fixture' }],
      load: async () => ({ model: await loadFixture('llama'), notes: [] }),
    },
    '0.1.0',
  );
  server = createStudioServer(host, folder);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  server.close();
  await host.dispose();
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
  path: string,
  { headers = {}, body }: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, async (response) => {
      resolve({ status: response.statusCode!, headers: response.headers, body: await text(response) });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const post = async (name: string, takes: unknown, call = '1'): Promise<{ kind: string }[]> => {
  const { body } = await ask(`/api/${name}`, { headers: JSON_TYPE, body: JSON.stringify({ call, takes }) });
  return body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('the server of the studio', () => {
  it('sends the page, which is told that there is a server, under a policy that forbids foreign requests', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toContain('name="holdfast-engine" content="server"');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
  });

  it.each([
    ['another host name', '/', { host: 'evil.example' }],
    ['a page of another origin', '/api/models', { origin: 'http://evil.example' }],
    ['a page of another port', '/', { origin: 'http://127.0.0.1:1' }],
  ])('refuses %s', async (_, path, headers) => {
    expect(await ask(path, { headers })).toMatchObject({ status: 403, body: '' });
  });

  it.each(['/../secret.key', '/secret.key', '/%2e%2e/package.json', '//etc/passwd', '/nowhere.js'])(
    'has no file %s',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 404, body: '' });
    },
  );

  it('takes operations only as JSON, which a form of another site cannot send', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect(await ask('/api/models', { headers, body: '{}' })).toMatchObject({ status: 405 });
  });

  it.each([
    ['no JSON', 'models', '{', /not JSON/],
    ['no call', 'models', '[]', /needs the name of its call/],
    ['no such operation', 'nothing', '{"call":"1"}', /"nothing" is not an operation/],
    ['a wrong field', 'strength', '{"call":"1","takes":{"column":"left","strength":1}}', /column/],
    ['an unknown field', 'load', '{"call":"1","takes":{"name":"a","path":"/etc"}}', /path/],
  ])('says what is wrong with %s', async (_, name, body, message) => {
    const { body: answer } = await ask(`/api/${name}`, { headers: JSON_TYPE, body });
    expect(JSON.parse(answer)).toMatchObject({
      kind: 'failed',
      failure: { message: expect.stringMatching(message) },
    });
  });

  it('streams an answer token by token, and stops it when asked to', async () => {
    expect((await post('load', { name: 'llama' })).at(-1)).toMatchObject({ kind: 'done' });
    const answer = {
      ...{ column: 'held', system: 'Hold fast.', past: [], user: 'hello', begin: [], strengths: null },
      steer: { policy: 'off', schedule: null, target: 'message', pairs: null },
      draw: { temperature: 8, topP: 1, seed: 5, maxTokens: 8 },
      measureOnly: false,
    };
    const lines = await post('answer', answer);
    const kinds = lines.map((line) => (line as { progress?: { kind: string } }).progress?.kind ?? line.kind);
    expect(kinds).toEqual(['words', ...kinds.slice(1, -2).map(() => 'token'), 'end', 'done']);
    const long = post('answer', { ...answer, draw: { ...answer.draw, maxTokens: 200 } }, 'long');
    await post('stop', null, 'long');
    expect((await long).length).toBeLessThan(200);
  });
});
