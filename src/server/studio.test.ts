import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { type Serving, serving } from '../../test/support/serving.js';
import { type Model, modelWith } from '../engine/index.js';
import { createHost, type ModelSource } from '../studio/index.js';
import { type Listening, listen } from './listen.js';
import { createStudioApp } from './studio.js';
import { StudioHosts } from './studio-hosts.js';
import { shelfModels } from './studio-models.js';
import { readStudioPage, type StudioPage } from './studio-page.js';
import { Workload } from './workload.js';

let page: StudioPage;
let model: Model;
let hosts: StudioHosts;
let server: Listening;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
  writeFileSync(join(folder, 'index.html'), '<meta name="holdfast-engine" content="browser" />');
  writeFileSync(join(folder, 'page.js'), 'void 0;');
  writeFileSync(join(folder, 'secret.key'), 'secret');
  page = await readStudioPage(folder);
  model = await loadFixture('llama');
  const source: ModelSource = {
    models: async () => [{ name: 'llama', place: 'here', about: 'a fixture' }],
    executors: async () => [],
    load: async ({ name }) => ({ model: modelWith(model, { name, dispose: async () => {} }), notes: [] }),
  };
  hosts = new StudioHosts(() => createHost(source, '0.1.0'));
  const report = async (study: string): Promise<string | null> =>
    study === 'mine' ? '<title>a report</title>' : null;
  server = await listen(createStudioApp({ page, hosts, report }, new Workload()), {
    host: '127.0.0.1',
    port: 0,
  });
});
afterAll(async () => {
  server.close();
  await server.end();
  await hosts.dispose();
  await model.dispose();
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
    const { hostname, port } = new URL(server.url);
    const asked = request({ host: hostname, port, path, method, headers }, async (response) => {
      resolve({ status: response.statusCode!, headers: response.headers, body: await text(response) });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
type Line = {
  readonly kind: string;
  readonly progress?: { readonly kind: string };
  readonly failure?: object;
};
const linesOf = (body: string): Line[] =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const post = async (name: string, takes: unknown, call = '1', opened = 'a'): Promise<Line[]> => {
  const body = JSON.stringify({ page: opened, call, takes });
  return linesOf((await ask(`/studio/${name}`, { headers: JSON_TYPE, body })).body);
};
const ANSWER = {
  ...{ column: 'held', system: 'Hold fast.', past: [], user: 'hello', begin: [], strengths: null },
  steer: { policy: 'off', schedule: null, target: 'message', pairs: null },
  draw: { temperature: 8, topP: 1, seed: 5, maxTokens: 8 },
  measureOnly: false,
};
const LOAD = { name: 'llama', executor: null };

describe('the server of the studio', () => {
  it('sends the page, which is told that there is a server, under a policy that forbids foreign requests', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toContain('name="holdfast-engine" content="server"');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
    expect((await ask('/page.js')).headers['content-type']).toMatch(/^text\/javascript/);
  });

  it.each([
    ['another host name', '/', { host: 'evil.example' }],
    ['a page of another origin', '/studio/models', { origin: 'http://evil.example' }],
    ['a page of another port', '/', { origin: 'http://127.0.0.1:1' }],
  ])('refuses %s', async (_, path, headers) => {
    expect((await ask(path, { headers })).status).toBe(403);
  });

  it.each([
    '/../secret.key',
    '/secret.key',
    '/%2e%2e/package.json',
    '//etc/passwd',
    '/nowhere.js',
    '/index.html',
  ])('has no file %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('takes operations only as JSON, which a form of another site cannot send', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await ask('/studio/models', { headers, body: '{}' })).status).toBe(415);
  });

  it.each([
    ['no JSON', 'models', '{', /not JSON/],
    ['no call', 'models', '[]', /expected object/],
    ['no such operation', 'nothing', '{"page":"a","call":"1"}', /"nothing" is not an operation/],
    ['a wrong field', 'strength', '{"page":"a","call":"1","takes":{"column":"left","strength":1}}', /column/],
    [
      'an unknown field',
      'load',
      '{"page":"a","call":"1","takes":{"name":"a","executor":null,"path":"/etc"}}',
      /path/,
    ],
  ])('says what is wrong with %s', async (_, name, body, message) => {
    const { status, body: answer } = await ask(`/studio/${name}`, { headers: JSON_TYPE, body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(answer).error.message).toMatch(message);
  });

  it('streams an answer token by token, and stops it when asked to', async () => {
    expect((await post('load', LOAD)).at(-1)).toMatchObject({ kind: 'done' });
    const kinds = (await post('answer', ANSWER)).map((line) => line.progress?.kind ?? line.kind);
    expect(kinds).toEqual(['words', ...kinds.slice(1, -2).map(() => 'token'), 'end', 'done']);
    const long = post('answer', { ...ANSWER, draw: { ...ANSWER.draw, maxTokens: 200 } }, 'long');
    await post('stop', null, 'long');
    expect((await long).length).toBeLessThan(200);
  });

  it('gives every page a model of its own, so that none meets that of another, and says when it is gone', async () => {
    await post('load', LOAD, '1', 'one');
    const missing = [
      { kind: 'failed', failure: { code: 'E_DISPOSED', message: expect.stringMatching(/no model/) } },
    ];
    expect(await post('answer', ANSWER, '1', 'another')).toEqual(missing);
    expect((await post('answer', ANSWER, '2', 'one')).at(-1)).toMatchObject({ kind: 'done' });
    await hosts.dispose();
    expect(await post('answer', ANSWER, '3', 'one')).toEqual(missing);
  });

  it('sends the report of a study into a sandbox, where it is a stranger to the page', async () => {
    const { status, headers, body } = await ask('/studio/report?study=mine');
    expect([status, body]).toEqual([200, '<title>a report</title>']);
    expect(headers['content-security-policy']).toMatch(/^sandbox allow-scripts/);
    expect(headers['content-security-policy']).not.toMatch(/allow-same-origin/);
    expect((await ask('/studio/report?study=other')).status).toBe(404);
  });
});

describe('the front page of the API', () => {
  const opened = (
    token: string | null,
    logContents = false,
    settings: Parameters<typeof serving>[1] = {},
  ) => {
    const api: Serving = serving({ tiny: model }, settings, {
      ...{ access: { token, hosts: [], origins: [] }, logContents },
      studio: { page, hosts: new StudioHosts(() => createHost(shelfModels(api.shelf), '0.1.0')) },
    });
    return api;
  };
  const call = (takes: unknown) => ({ page: 'a', call: '1', takes });

  it('is the studio, which talks with the models of the server, and whose answers are in its log', async () => {
    const api = opened(null, true);
    expect(await (await api.ask('/')).text()).toContain('content="server"');
    const models = linesOf(await (await api.ask('/studio/models', call(null))).text());
    expect(models).toEqual([
      { kind: 'done', returns: [{ name: 'tiny', place: 'here', about: 'a model of this server' }] },
    ]);
    const card = linesOf(await (await api.ask('/studio/load', call({ ...LOAD, name: 'tiny' }))).text());
    expect(card).toEqual([
      { kind: 'done', returns: expect.objectContaining({ name: 'tiny', contextLength: 256 }) },
    ]);
    const lines = linesOf(await (await api.ask('/studio/answer', call(ANSWER))).text());
    expect(lines.at(-1)).toEqual({ kind: 'done', returns: null });
    expect(api.log.at(-1)).toMatchObject({
      ...{ path: '/studio/answer', status: 200, error: null, tokens: { answer: 8 } },
      contents: { request: { operation: 'answer' }, answers: [expect.any(String)] },
    });
    expect(api.workload.running).toBe(0);
  });

  it('counts an operation whose page has left as left, and one that was stopped as done', async () => {
    const api = opened(null);
    await (await api.ask('/studio/load', call({ ...LOAD, name: 'tiny' }))).text();
    const long = { ...ANSWER, draw: { ...ANSWER.draw, maxTokens: 200 } };
    const ended = async (entries: number): Promise<void> => {
      while (api.log.length < entries) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const before = api.log.length;
    const left = (await api.ask('/studio/answer', call(long))).body!.getReader();
    await left.read();
    await left.cancel();
    await ended(before + 1);
    expect(api.log.at(-1)).toMatchObject({ status: 200, outcome: 'left', error: null });

    const stopped = (await api.ask('/studio/answer', { ...call(long), call: '2' })).body!.getReader();
    await stopped.read();
    await (await api.ask('/studio/stop', { page: 'a', call: '2' })).text();
    for (let next = await stopped.read(); !next.done; ) next = await stopped.read();
    await ended(before + 3);
    expect(api.log.slice(-2).map(({ path, outcome }) => [path, outcome])).toEqual(
      expect.arrayContaining([['/studio/answer', 'done']]),
    );
    const metrics = await (await api.ask('/metrics')).text();
    expect(metrics).toContain('outcome="left"} 1\n');
  });

  it('has the hold that the server was started with, or says why it cannot', async () => {
    const cardOf = async (settings: Parameters<typeof serving>[1]) => {
      const api = opened(null, false, settings);
      const lines = linesOf(await (await api.ask('/studio/load', call({ ...LOAD, name: 'tiny' }))).text());
      return (lines[0] as unknown as { readonly returns: object }).returns;
    };
    expect(await cardOf({})).toMatchObject({ serverHold: null, notes: [] });
    const schedule = { kind: 'per-turn', from: 1, to: 0.5, step: 0.1 } as const;
    expect(await cardOf({ policy: 'split-softmax', schedule, heads: [1] })).toMatchObject({
      serverHold: {
        policy: 'split-softmax',
        schedule,
        target: 'message',
        pairs: [0, 1, 2].map((at) => [at, 1]),
      },
      notes: [],
    });
    expect(await cardOf({ policy: 'boost', strength: 4, guidance: 1.5 })).toMatchObject({
      serverHold: null,
      notes: [expect.stringMatching(/started with guidance, which this page does not have/)],
    });
  });

  it('comes without the token, and its operations do not', async () => {
    const api = opened('secret');
    expect((await api.ask('/')).status).toBe(200);
    expect((await api.ask('/page.js')).status).toBe(200);
    expect((await api.ask('/studio/models', call(null))).status).toBe(401);
    const headers = { authorization: 'Bearer secret' };
    expect((await api.ask('/studio/models', call(null), { headers })).status).toBe(200);
  });

  it('is told no more of an error than a client of the API', async () => {
    const api = opened(null);
    await (await api.ask('/studio/load', call({ ...LOAD, name: 'tiny' }))).text();
    const asked = {
      ...ANSWER,
      steer: {
        ...ANSWER.steer,
        pairs: [[99, 0]],
        policy: 'boost',
        schedule: { kind: 'constant', strength: 2 },
      },
    };
    const lines = linesOf(await (await api.ask('/studio/answer', call(asked))).text());
    expect(lines).toEqual([
      { kind: 'failed', failure: { code: 'E_STRENGTH', message: expect.stringMatching(/layer 99/) } },
    ]);
    expect(linesOf(await (await api.ask('/studio/report', call({ study: 'x' }))).text())[0]!.kind).toBe(
      'failed',
    );
  });
});

describe('the hosts of pages', () => {
  it('end the one that was quiet longest when there are too many', () => {
    const ended: number[] = [];
    let opened = 0;
    const many = new StudioHosts(() => {
      const own = opened++;
      return { run: () => Promise.reject(new Error()), dispose: async () => void ended.push(own) };
    });
    for (let at = 0; at < 9; at++) many.take(`page ${at}`).release();
    expect(ended).toEqual([0]);
    const leases = Array.from({ length: 8 }, (_, at) => many.take(`page ${at + 1}`));
    expect(() => many.take('one more')).toThrow(/8 pages of the studio are busy/);
    leases[3]!.release();
    many.take('one more');
    expect(ended).toEqual([0, 4]);
  });

  it('run so many operations of one page at once, and then no more until one has ended', () => {
    const host = { run: () => Promise.reject(new Error()), dispose: async () => {} };
    const many = new StudioHosts(() => host);
    const [first] = Array.from({ length: 32 }, () => many.take('a'));
    expect(() => many.take('a')).toThrow(/32 operations of this page are running: try again/);
    many.take('b');
    first!.release();
    first!.release(); // counts once
    many.take('a');
    expect(() => many.take('a')).toThrow(/32 operations/);
  });
});
