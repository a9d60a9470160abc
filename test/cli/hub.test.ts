import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HubPlace, hubPlace } from '../support/hub-place.js';
import { COMMIT } from '../support/loopback-hub.js';
import { type Environment, expectFailure, fixture, holdfast, outcomeOf, start } from './holdfast.js';
import { hasScript, type } from './terminal.js';

const REPO = 'owner/tiny-llama';
const llama = fixture('models/llama');
const FILES = Object.fromEntries(
  readdirSync(llama).map((name) => [name, new Uint8Array(readFileSync(join(llama, name)))]),
);
const WEIGHTS = FILES['model.safetensors']!;

const place = (): Promise<HubPlace> => hubPlace({ [REPO]: { files: FILES } });
const environment = ({ hub, cache }: HubPlace, more: Environment = {}): Environment => ({
  ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '0', HF_TOKEN_PATH: '/nowhere' },
  ...more,
});
const run = (at: HubPlace, ...args: string[]) => holdfast(args, '', environment(at));
const begin = (at: HubPlace, ...args: string[]) => {
  const child = start(args, environment(at));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: outcomeOf(child) };
};
const snapshot = ({ cache }: HubPlace): string => join(cache, 'models--owner--tiny-llama/snapshots', COMMIT);

describe('pull', () => {
  it('fetches a model, with one line per file on stderr and its path on stdout, and fetches nothing twice', async () => {
    const at = await place();
    const first = await run(at, 'pull', REPO);
    expect(first).toMatchObject({ code: 0, stdout: `${snapshot(at)}\n` });
    expect(first.stderr).toMatch(/^(fetched \S+, [\d.]+ (bytes|KiB)\n){4,5}$/);
    const fetched = at.hub.fetches().length;
    expect(await run(at, 'pull', REPO)).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
    expect(at.hub.fetches()).toHaveLength(fetched);
  });

  it('survives repeated kill -9 in the middle of a file', async () => {
    const at = await place();
    for (const stopAt of [1000, 2000, 3000]) {
      at.hub.misbehave.set('model.safetensors', [{ stopAt }]);
      const stopped = at.hub.stopped();
      const { child, ended } = begin(at, 'pull', REPO);
      await stopped;
      child.kill('SIGKILL');
      await ended;
      expect(existsSync(join(snapshot(at), 'model.safetensors'))).toBe(false);
    }
    const last = await run(at, 'pull', REPO);
    expect(last.code).toBe(0);
    expect(readFileSync(join(snapshot(at), 'model.safetensors'))).toEqual(Buffer.from(WEIGHTS));
    expect(at.cached().filter((file) => file.includes('incomplete'))).toEqual([]);
  });

  it('of a second process waits for the first, and resumes its download if that is killed', async () => {
    const at = await place();
    at.hub.misbehave.set('model.safetensors', [{ stopAt: 5000 }]);
    const stopped = at.hub.stopped();
    const first = begin(at, 'pull', REPO);
    await stopped;
    const second = begin(at, 'pull', REPO);
    await new Promise<void>((resolve) => {
      second.child.stderr.on('data', (text) => /waiting for another process/.test(String(text)) && resolve());
    });
    first.child.kill('SIGKILL');
    const { code, stderr } = await second.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^note: model\.safetensors: waiting for another process that is downloading it$/m);
    expect(readFileSync(join(snapshot(at), 'model.safetensors'))).toEqual(Buffer.from(WEIGHTS));
  });

  it('keeps the partial download at Ctrl-C, and says so', async () => {
    const at = await place();
    at.hub.misbehave.set('model.safetensors', [{ stopAt: 5000 }]);
    const stopped = at.hub.stopped();
    const { child, ended } = begin(at, 'pull', REPO);
    await stopped;
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /error: E_ABORTED: the download was stopped\. Run the same command again to resume it\n$/,
    );
    expect(at.cached().filter((file) => file.includes('.holdfast-incomplete'))).toHaveLength(1);
  });

  it('refuses malformed names, and names that the hub does not have', async () => {
    const at = await place();
    expectFailure(
      await run(at, 'pull', 'llama'),
      2,
      /E_USAGE: "llama" is not the name of a model on the hub/,
    );
    expectFailure(await run(at, 'pull', 'owner/tiny-lama'), 1, /E_HUB: .*Did you mean owner\/tiny-llama\?/);
  });
});

describe('a proxy from the environment', () => {
  it('is used for the hub', async () => {
    const at = await place();
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, client) => {
      asked.push(request.url!);
      const [host, port] = request.url!.split(':');
      const hub = connect(Number(port), host!, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        hub.pipe(client).pipe(hub);
      });
      hub.on('error', () => client.destroy());
      client.on('error', () => hub.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const through = environment(at, { HTTP_PROXY: `http://127.0.0.1:${port}` });
    const { code, stderr } = await holdfast(['pull', REPO], '', through);
    expect(code, stderr).toBe(0);
    expect(asked).toContain(new URL(at.hub.endpoint).host);
  });

  it('is refused if it is not a URL', async () => {
    const at = await place();
    const outcome = await holdfast(['pull', REPO], '', environment(at, { HTTP_PROXY: 'nonsense' }));
    expectFailure(outcome, 1, /E_HUB: the proxy in the environment is not a valid URL/);
  });
});

describe('a name in the place of a path', () => {
  it('is fetched and used, then used again without the hub', async () => {
    const at = await place();
    const first = await run(at, 'tokens', REPO, '--text', 'hello', '--json');
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/^fetched model\.safetensors, /m);
    const byPath = await holdfast(['tokens', llama, '--text', 'hello', '--json']);
    expect(first.stdout).toBe(byPath.stdout);
    const offline = environment(at, { HF_HUB_OFFLINE: '1' });
    const again = await holdfast(['tokens', REPO, '--text', 'hello', '--json'], '', offline);
    expect(again).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
  });
});

describe('models', () => {
  it('lists models to fetch and models in the cache, in 80 columns', async () => {
    const at = await place();
    const empty = await run(at, 'models');
    expect(empty.stdout).toMatch(
      /^HuggingFaceTB\/SmolLM2-135M-Instruct +135 M +\d+ MiB +llama +apache-2.0$/m,
    );
    expect(empty.stdout).toContain(`the cache is empty: ${at.cache}`);
    await run(at, 'pull', REPO);
    const { stdout } = await run(at, 'models');
    expect(stdout).toMatch(/^owner\/tiny-llama +[\d.]+ KiB +safetensors$/m);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    const { catalogue, cache } = JSON.parse((await run(at, 'models', '--json')).stdout);
    expect(catalogue[0]).toMatchObject({ model: 'organism', parameters: expect.any(Number) });
    expect(cache).toMatchObject([{ repo: REPO, revisions: [{ commit: COMMIT, refs: ['main'] }] }]);
  });

  it('rm removes a model, and needs --yes without a terminal', async () => {
    const at = await place();
    await run(at, 'pull', REPO);
    expectFailure(await run(at, 'models', 'rm', REPO), 2, /no terminal to confirm the removal .*add --yes/);
    expectFailure(
      await run(at, 'models', 'rm', 'owner/tiny-lama'),
      1,
      /E_NOT_FOUND: .*Did you mean owner\/tiny-llama/,
    );
    expectFailure(
      await run(at, 'models', 'rm', `${REPO}:Q4_0`, '--yes'),
      2,
      /only whole models can be removed/,
    );
    expect(at.cached().length).toBeGreaterThan(5);
    expect(await run(at, 'models', 'rm', REPO, '--yes')).toMatchObject({ code: 0, stdout: '' });
    expect(at.cached()).toEqual([]);
  });

  it('rm removes a model whose name has no owner, as those of the oldest models on the hub', async () => {
    const at = await place();
    mkdirSync(join(at.cache, 'models--gpt2/blobs'), { recursive: true });
    expect((await run(at, 'models')).stdout).toMatch(/^gpt2 +0 bytes/m);
    expect(await run(at, 'models', 'rm', 'gpt2', '--yes')).toMatchObject({ code: 0 });
    expect(existsSync(join(at.cache, 'models--gpt2'))).toBe(false);
  });

  it.skipIf(!hasScript)('rm asks at a terminal, and treats anything but yes as no', async () => {
    const at = await place();
    await run(at, 'pull', REPO);
    const remove = (answer: string) => type(['models', 'rm', REPO], [[/\[y\/N\] /, answer]], environment(at));
    const kept = await remove('\r');
    expect(kept.screen).toMatch(
      /Remove owner\/tiny-llama, [\d.]+ KiB in \S+\? Python uses this cache too\. \[y\/N\] /,
    );
    expect(kept.screen).toContain('nothing was removed');
    expect(kept.code).toBe(1);
    for (const control of ['\u0003', '\u0004']) {
      const stopped = await remove(control);
      expect(stopped.screen).toMatch(/nothing was removed\s*$/);
      expect(stopped.code).toBe(1);
    }
    expect(at.cached().length).toBeGreaterThan(5);
    expect((await remove('y\r')).code).toBe(0);
    expect(at.cached()).toEqual([]);
  });
});
