import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HubPlace, hubPlace } from '../../test/support/hub-place.js';
import {
  COMMIT,
  type HubRepo,
  hashOf,
  type Listing,
  type Misbehaviour,
} from '../../test/support/loopback-hub.js';
import { splitGguf } from '../../test/support/split-gguf.js';
import { encodeSafetensors } from '../formats/index.js';
import { HubCache } from './hub-cache.js';
import { createHubClient } from './hub-client.js';
import { createHubGet } from './hub-http.js';
import { parseHubName } from './model-name.js';
import { openModel } from './open.js';
import { type PulledModel, type PullProgress, pull } from './pull.js';

const REPO = 'owner/model';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const weights = (...names: string[]): Uint8Array =>
  Buffer.concat(
    encodeSafetensors(
      names.map((name) => ({ name, type: 'F32', shape: [20_000], data: new Float32Array(20_000).fill(1) })),
    ),
  );
const FILES = {
  'config.json': text('{"model_type": "llama"}'),
  'tokenizer.json': text('{}'),
  'model.safetensors': weights('a'),
  'pytorch_model.bin': text('PK'),
  'README.md': text('# Model'),
};
const WEIGHTS = FILES['model.safetensors'];
const BLOB = `models--owner--model/blobs/${hashOf('model.safetensors', WEIGHTS)}`;

const place = (repo: HubRepo = { files: FILES }): Promise<HubPlace> => hubPlace({ [REPO]: repo });

interface Pulled extends PulledModel {
  readonly notes: readonly string[];
}

interface PullFrom {
  readonly name?: string;
  readonly token?: string | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** Pulls with little patience: 5 tries, 300 ms of silence. */
async function pullFrom(
  { hub, cache }: HubPlace,
  { name = REPO, token = null, signal, onProgress = () => {} }: PullFrom = {},
): Promise<Pulled> {
  const settings = { endpoint: hub.endpoint, cache, token, offline: false };
  const policy = { tries: 5, firstWaitMs: 1, longestWaitMs: 2000 };
  const client = createHubClient(settings, policy, createHubGet(settings, 300));
  const hubName = parseHubName(name, hub.endpoint)!;
  const notes: string[] = [];
  const asking = { onNote: (note: string) => notes.push(note), ...(signal === undefined ? {} : { signal }) };
  const listing = await client.list(hubName.repo, hubName.revision, asking);
  const watch = { ...asking, onProgress, onFile() {} };
  return { ...(await pull(hubName, { client, cache: new HubCache(cache) }, listing, watch)), notes };
}

const misbehave = ({ hub }: HubPlace, ...answers: Misbehaviour[]): void => {
  hub.misbehave.set('model.safetensors', answers);
};
const rangesOf = ({ hub }: HubPlace): (string | null)[] =>
  hub.asked.filter(({ host }) => host === 'files').map(({ range }) => range);

describe('pull', () => {
  it('fetches the files that are needed, laid out as Python lays them out, and opens as a model', async () => {
    const at = await place();
    const { path, files } = await pullFrom(at);
    const blobs = ['config.json', 'model.safetensors', 'tokenizer.json'] as const;
    const folder = 'models--owner--model';
    expect(at.cached()).toEqual(
      [
        `${folder}/refs/main`,
        ...blobs.map((name) => `${folder}/blobs/${hashOf(name, FILES[name])}`),
        ...blobs.map((name) => `${folder}/snapshots/${COMMIT}/${name}`),
      ].sort(),
    );
    expect(readFileSync(join(at.cache, folder, 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(readlinkSync(join(path, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(files.map(({ arrival }) => arrival)).toEqual(['fetched', 'fetched', 'fetched']);
    const model = await openModel(path);
    expect([...model.checkpoint.tensors.keys()]).toEqual(['a']);
    await model.close();
  });

  it('fetches nothing twice, also when a branch has moved on', async () => {
    const repo = { files: { ...FILES }, commit: COMMIT };
    const at = await place(repo);
    await pullFrom(at);
    const before = at.hub.fetches().length;
    const again = await pullFrom(at);
    expect(again.files.map(({ arrival }) => arrival)).toEqual(['found', 'found', 'found']);
    expect(at.hub.fetches()).toHaveLength(before);

    repo.commit = 'd'.repeat(40);
    repo.files['config.json'] = text('{"model_type": "qwen2"}');
    const moved = await pullFrom(at);
    expect(at.hub.fetches().slice(before)).toEqual(['config.json']);
    expect(moved.path).toBe(join(at.cache, 'models--owner--model/snapshots', repo.commit));
    expect(readFileSync(join(moved.path, 'model.safetensors'))).toEqual(Buffer.from(WEIGHTS));
  });

  it('writes nothing into a cache that has it all, which may be one that can only be read', async () => {
    const at = await place();
    await pullFrom(at);
    const state = () =>
      at.cached().map((file) => `${file} ${lstatSync(join(at.cache, file), { bigint: true }).ctimeNs}`);
    const before = state();
    await pullFrom(at);
    expect(state()).toEqual(before);
  });

  it('takes what Python has put there, and leaves what Python has begun alone', async () => {
    const at = await place();
    const blob = join(at.cache, BLOB);
    mkdirSync(dirname(blob), { recursive: true });
    writeFileSync(blob, WEIGHTS);
    const begun = join(dirname(blob), `${hashOf('config.json', FILES['config.json'])}.incomplete`);
    writeFileSync(begun, 'x');
    await pullFrom(at);
    expect(at.hub.fetches().sort()).toEqual(['config.json', 'tokenizer.json']);
    expect(readFileSync(begun, 'utf8')).toBe('x');
  });

  it('takes what Python keeps once for all models, with a link in the place of the blob', async () => {
    const at = await place();
    const shared = join(at.cache, 'blobs/ab/of-xet');
    const blob = join(at.cache, BLOB);
    for (const file of [shared, blob]) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(shared, WEIGHTS);
    symlinkSync('../../blobs/ab/of-xet', blob);
    const { path } = await pullFrom(at);
    expect(at.hub.fetches()).not.toContain('model.safetensors');
    expect(readFileSync(join(path, 'model.safetensors'))).toEqual(Buffer.from(WEIGHTS));
    expect(lstatSync(blob).isSymbolicLink()).toBe(true);
  });

  it('takes a file in the place of a link, as Python puts it where there are no links, and no link to another file', async () => {
    const at = await place();
    const { path } = await pullFrom(at);
    const [tokenizer, config] = [join(path, 'tokenizer.json'), join(path, 'config.json')];
    rmSync(tokenizer);
    writeFileSync(tokenizer, FILES['tokenizer.json']);
    const other = new Uint8Array(FILES['config.json'].length);
    writeFileSync(join(path, '../../blobs/other'), other);
    rmSync(config);
    symlinkSync('../../blobs/other', config);
    const again = await pullFrom(at);
    expect(again.files.every(({ arrival }) => arrival === 'found')).toBe(true);
    expect(lstatSync(tokenizer).isFile()).toBe(true);
    expect(readFileSync(config)).toEqual(Buffer.from(FILES['config.json']));
  });

  it('notes a branch, and no commit that was asked for as one', async () => {
    const at = await place();
    await pullFrom(at, { name: `${REPO}@${COMMIT}` });
    expect(at.cached().filter((file) => file.includes('refs'))).toEqual([]);
  });

  it('fetches the shards that the index names, and no other', async () => {
    const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
    const at = await place({
      files: {
        'model.safetensors.index.json': text(JSON.stringify(index)),
        'model-1.safetensors': weights('a'),
        'model-2.safetensors': weights('b'),
        'model-3.safetensors': weights('c'),
        'config.json': FILES['config.json'],
      },
    });
    const { path } = await pullFrom(at);
    expect(at.hub.fetches().sort()).toEqual([
      'config.json',
      'model-1.safetensors',
      'model-2.safetensors',
      'model.safetensors.index.json',
    ]);
    const model = await openModel(path);
    expect([...model.checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    await model.close();
  });

  it('refuses an index that names what the repository does not have, and notes no revision', async () => {
    const index = { weight_map: { a: '../../../x.safetensors' } };
    const at = await place({ files: { 'model.safetensors.index.json': text(JSON.stringify(index)) } });
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB', field: 'weight_map' });
    expect(at.cached().filter((file) => file.includes('refs'))).toEqual([]);
  });

  it.each(['pytorch_model.bin', 'sub/model-1.safetensors'])(
    'fetches no %s, though an index names it',
    async (shard) => {
      const index = text(JSON.stringify({ weight_map: { a: shard } }));
      const at = await place({ files: { 'model.safetensors.index.json': index, [shard]: weights('a') } });
      await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB', field: 'weight_map' });
      expect(at.hub.fetches()).toEqual(['model.safetensors.index.json']);
    },
  );

  it('fetches all parts of a split GGUF, and opens them as one model', async () => {
    const [first, second] = splitGguf([['a'], ['b']]);
    const parts = { 'Q4_0/m-00001-of-00002.gguf': first!, 'Q4_0/m-00002-of-00002.gguf': second! };
    const at = await place({ files: { ...parts, 'm-Q8_0.gguf': text('GGUF') } });
    const { path } = await pullFrom(at, { name: `${REPO}:Q4_0` });
    expect(at.hub.fetches()).toEqual(Object.keys(parts));
    const model = await openModel(path);
    expect([...model.checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    await model.close();
  });

  it('fetches one GGUF by its quantisation', async () => {
    const gguf = readFileSync(new URL('../../test/fixtures/gguf/llama.Q4_0.gguf', import.meta.url));
    const at = await place({ files: { 'sub/m-Q4_0.gguf': gguf, 'm-Q8_0.gguf': text('GGUF') } });
    const { path } = await pullFrom(at, { name: `${REPO}:q4_0` });
    expect(at.hub.fetches()).toEqual(['sub/m-Q4_0.gguf']);
    expect(path).toMatch(/snapshots\/[0-9a-f]{40}\/sub\/m-Q4_0\.gguf$/);
    await (await openModel(path)).close();
  });
});

describe('a hub that misbehaves', () => {
  const whole = ({ cache }: HubPlace): void => {
    expect(readFileSync(join(cache, BLOB))).toEqual(Buffer.from(WEIGHTS));
  };

  it('is asked for the rest when the connection breaks, as often as there is progress', async () => {
    const at = await place();
    misbehave(at, ...Array.from({ length: 8 }, () => ({ cutAt: 3000 })));
    const { notes } = await pullFrom(at);
    whole(at);
    expect(rangesOf(at)).toHaveLength(9);
    expect(rangesOf(at)[1]).toMatch(/^bytes=\d{3,4}-$/);
    expect(notes[0]).toMatch(/^model.safetensors: the connection broke .*; trying again in/);
  });

  it('is given up when there is none, and what has come is gone on with the next time', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, ...Array.from({ length: 5 }, () => ({ cutAt: 0 })));
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB', file: 'model.safetensors' });
    expect(at.cached().filter((file) => file.startsWith(BLOB))).toEqual([`${BLOB}.holdfast-incomplete`]);
    const kept = statSync(join(at.cache, `${BLOB}.holdfast-incomplete`)).size;
    expect(kept).toBeGreaterThan(0);
    const { files } = await pullFrom(at);
    expect(rangesOf(at).at(-1)).toBe(`bytes=${kept}-`);
    expect(files.at(-1)).toMatchObject({ path: 'model.safetensors', arrival: 'resumed' });
    whole(at);
  });

  it('may ignore ranges: the file is begun anew', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, { ignoreRange: true });
    const { notes } = await pullFrom(at);
    whole(at);
    expect(notes).toContain('model.safetensors: the hub sends it from its beginning again');
  });

  it.each([
    ['other bytes', { content: WEIGHTS.map((byte) => byte ^ 1) }, /its hash is not the one/],
    ['a longer file', { content: new Uint8Array(WEIGHTS.length + 1) }, /lists \d+ bytes and sends \d+/],
    [
      'a file that goes on and on',
      { unmeasured: new Uint8Array(WEIGHTS.length + 1) },
      /more than the \d+ bytes/,
    ],
    ['another etag', { linkedEtag: 'e'.repeat(64) }, /now serves another file under its name/],
  ])('cannot put %s into the cache', async (_, answer, message) => {
    const at = await place();
    misbehave(at, answer);
    await expect(pullFrom(at)).rejects.toMatchObject({
      code: 'E_HUB',
      message: expect.stringMatching(message),
    });
    expect(at.cached().filter((file) => file.startsWith(BLOB))).toEqual([]);
    expect(at.cached().filter((file) => file.includes('refs'))).toEqual([]);
    await pullFrom(at);
    whole(at);
  });

  it('may send a shorter file: it is asked for the rest, which is not there', async () => {
    const at = await place();
    misbehave(at, ...Array.from({ length: 9 }, () => ({ content: WEIGHTS.subarray(0, 1000) })));
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB' });
    expect(at.cached()).not.toContain(BLOB);
  });

  it('may change the file in mid-download: what is left is begun anew', async () => {
    const at = await place();
    const other = WEIGHTS.map((byte) => byte ^ 1);
    misbehave(at, { cutAt: 5000 }, ...Array.from({ length: 5 }, () => ({ cutAt: 0 })));
    await expect(pullFrom(at)).rejects.toThrow();
    misbehave(at, { content: other });
    const { notes } = await pullFrom(at);
    expect(notes).toContain('model.safetensors: its pieces do not fit together: fetching it anew');
    whole(at);
  });

  it('may change the file between two answers of one download', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, { content: WEIGHTS.map((byte) => byte ^ 1) });
    const { notes } = await pullFrom(at);
    expect(notes).toContain('model.safetensors: its pieces do not fit together: fetching it anew');
    whole(at);
  });

  it('cannot give another commit than the one that was asked for', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => ({ ...listing, sha: 'd'.repeat(40) });
    await expect(pullFrom(at, { name: `${REPO}@${COMMIT}` })).rejects.toThrow(
      /commit c0ffee0+ was asked for, d+ came/,
    );
  });

  it('may be slow, but not silent', async () => {
    const at = await place();
    misbehave(at, { stopAt: 4000 }, { dripBytes: 20_000, everyMs: 100 });
    const { notes } = await pullFrom(at);
    whole(at);
    expect(notes[0]).toMatch(/^model.safetensors: the connection broke/);
    expect(notes).toHaveLength(1);
  });

  it('may be busy: it is left alone for as long as it asks', async () => {
    const at = await place();
    at.hub.listingStatus.push({ status: 503, headers: { 'retry-after': '1' } });
    misbehave(at, { status: 429 }, { status: 500 });
    const startMs = performance.now();
    const { notes } = await pullFrom(at);
    expect(performance.now() - startMs).toBeGreaterThan(990);
    expect(notes[0]).toBe(
      'owner/model: '.concat(
        new URL(at.hub.endpoint).host,
        ' answers 503 Service Unavailable; trying again in 1.0 s',
      ),
    );
    whole(at);
  });

  it('may have had too many requests: it is left alone until their window ends', async () => {
    const at = await place();
    at.hub.listingStatus.push({ status: 429, headers: { ratelimit: '"api";r=0;t=1' } });
    at.hub.listingStatus.push({ status: 503, headers: { ratelimit: '"api";r=489;t=189' } });
    const { notes } = await pullFrom(at);
    expect(notes[0]).toMatch(/answers 429 Too Many Requests; trying again in 1.0 s$/);
    expect(notes[1]).toMatch(/answers 503 Service Unavailable; trying again in 0.0 s$/);
  });

  it('is asked for a new address where the one that it gave is refused', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, { status: 403 });
    const { notes } = await pullFrom(at);
    whole(at);
    expect(notes[1]).toMatch(/answers 403 Forbidden; trying again/);
    expect(rangesOf(at)).toHaveLength(3);
  });

  it('may list a file that it does not have', async () => {
    const at = await place();
    at.hub.misbehave.set('config.json', [{ status: 404 }]);
    await expect(pullFrom(at)).rejects.toThrow(/^E_HUB: the hub lists config.json and does not have it/);
  });

  it('is not waited for when it asks for too long', async () => {
    const at = await place();
    at.hub.listingStatus.push({ status: 429, headers: { 'retry-after': '86400' } });
    await expect(pullFrom(at)).rejects.toThrow(/asks to wait 86400 s: try again then/);
  });

  it('hears the token, and no host that it redirects to does', async () => {
    const at = await place({ files: FILES, gated: true });
    await pullFrom(at, { token: 'secret' });
    const heard = (host: string): unknown[] => [
      ...new Set(
        at.hub.asked.filter((asked) => asked.host === host).map(({ authorization }) => authorization),
      ),
    ];
    expect(heard('hub')).toEqual(['Bearer secret']);
    expect(heard('files')).toEqual([null]);
  });

  it.each([
    [
      'in a circle',
      (at: HubPlace) => `${at.hub.endpoint}/owner/model/resolve/${COMMIT}/config.json`,
      /more than 8 redirects/,
    ],
    ['to a file', () => 'file:///etc/passwd', /redirects to file:\/\/\/etc\/passwd, which is not followed/],
  ])('is not followed %s', async (_, to, message) => {
    const at = await place();
    at.hub.misbehave.set(
      'config.json',
      Array.from({ length: 9 }, () => ({ redirect: to(at) })),
    );
    await expect(pullFrom(at)).rejects.toThrow(message);
  });

  it('cannot name a file outside the cache', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => {
      listing.siblings[0]!.rfilename = '../../../escaped.json';
      return listing;
    };
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB', field: 'siblings.0.rfilename' });
    expect(at.cached()).toEqual([]);
  });

  it('cannot fill the disk: what does not fit is refused before its first byte', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => {
      for (const { lfs } of listing.siblings) if (lfs !== undefined) lfs.size = 2 ** 50;
      return listing;
    };
    await expect(pullFrom(at)).rejects.toThrow(
      /^E_UNWRITABLE: the model takes 1048576.0 GiB more, the disk has/,
    );
    expect(at.hub.fetches()).toEqual([]);
  });

  it('cannot write what it likes into a hint', async () => {
    const at = await hubPlace({ 'owner/mod\u001bel': { files: FILES }, 'owner/models': { files: FILES } });
    await expect(pullFrom(at)).rejects.toThrow(/no model "owner\/model" .*Did you mean owner\/models\?/);
  });

  it('leaves nothing of a model that it refuses, and what is not whole so that Python takes it for no damage', async () => {
    const at = await place({ files: FILES, gated: true });
    const snapshot = join(at.cache, 'models--owner--model/snapshots', COMMIT);
    await expect(pullFrom(at)).rejects.toThrow(/is gated/);
    expect(at.cached()).toEqual([]);
    expect(readdirSync(snapshot)).toEqual([]);
  });

  it.each([
    [
      'a name that it does not have',
      { name: 'owner/modle' },
      /no model "owner\/modle" .*Did you mean owner\/model\?/,
    ],
    ['a revision that it does not have', { name: `${REPO}@v9` }, /has no revision "v9"/],
    [
      'a gated model without a token',
      {},
      /is gated \(401, "Access to model .*"\).*Accept its licence at .*, then set HF_TOKEN/,
    ],
  ])('says what to do about %s', async (_, options, message) => {
    const at = await place({ files: FILES, gated: true });
    const token = 'name' in options ? 'secret' : null;
    await expect(pullFrom(at, { ...options, token })).rejects.toThrow(message);
  });
});

it.each([
  [
    403,
    { 'x-error-message': 'Please enable access to public gated repositories' },
    /does not let you have owner\/model \(403, "Please enable access to public gated repositories"\)/,
  ],
  [
    401,
    { 'x-error-message': 'Invalid credentials in Authorization header' },
    /does not accept the token \(401, "Invalid credentials in Authorization header"\)/,
  ],
])('says in its own words why the hub refuses a token with %i', async (status, headers, message) => {
  const at = await place();
  at.hub.listingStatus.push({ status, headers });
  await expect(pullFrom(at, { token: 'secret' })).rejects.toThrow(message);
});

it('keeps what has come when it is aborted', async () => {
  const at = await place();
  misbehave(at, { stopAt: 8000 });
  const control = new AbortController();
  const stop = ({ file, doneBytes }: PullProgress): void => {
    if (file === 'model.safetensors' && doneBytes > 0) control.abort(new Error('enough'));
  };
  await expect(pullFrom(at, { signal: control.signal, onProgress: stop })).rejects.toThrow('enough');
  await pullFrom(at);
  expect(rangesOf(at).at(-1)).toMatch(/^bytes=\d+-$/);
});

it('lets two at once share the work', async () => {
  const at = await place();
  misbehave(at, { dripBytes: 20_000, everyMs: 50 });
  const [one, two] = await Promise.all([pullFrom(at), pullFrom(at)]);
  expect(at.hub.fetches().filter((file) => file === 'model.safetensors')).toHaveLength(1);
  expect([...one.notes, ...two.notes]).toContain(
    'model.safetensors: another process is fetching it, waiting for that',
  );
});
