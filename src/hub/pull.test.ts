import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BLOB,
  FILES,
  misbehave,
  place,
  pullFrom,
  REPO,
  rangesOf,
  text,
  WEIGHTS,
  weights,
} from '../../test/support/hub-pull.js';
import { COMMIT, hashOf } from '../../test/support/loopback-hub.js';
import { splitGguf } from '../../test/support/split-gguf.js';
import { openModel } from './open.js';
import type { PullProgress } from './pull.js';

describe('pull', () => {
  it('downloads the needed files in the layout of Python, which open as a model', async () => {
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

  it('downloads nothing twice, even after a branch has moved', async () => {
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

  it('writes nothing into a complete cache, which may be read-only', async () => {
    const at = await place();
    await pullFrom(at);
    const state = () =>
      at.cached().map((file) => `${file} ${lstatSync(join(at.cache, file), { bigint: true }).ctimeNs}`);
    const before = state();
    await pullFrom(at);
    expect(state()).toEqual(before);
  });

  it("uses Python's complete files, and leaves its incomplete ones alone", async () => {
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

  it('uses a blob that is a link, to a file that Python shares between models', async () => {
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

  it('uses a file in place of a link, as Python writes it without links, but no link to another file', async () => {
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

  it('records the commit of a branch, but not a commit named as such', async () => {
    const at = await place();
    await pullFrom(at, { name: `${REPO}@${COMMIT}` });
    expect(at.cached().filter((file) => file.includes('refs'))).toEqual([]);
  });

  it('downloads only the shards that the index names', async () => {
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

  it('refuses an index that names a missing file, and records no revision', async () => {
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

  it('downloads all parts of a split GGUF, which open as one model', async () => {
    const [first, second] = splitGguf([['a'], ['b']]);
    const parts = { 'Q4_0/m-00001-of-00002.gguf': first!, 'Q4_0/m-00002-of-00002.gguf': second! };
    const at = await place({ files: { ...parts, 'm-Q8_0.gguf': text('GGUF') } });
    const { path } = await pullFrom(at, { name: `${REPO}:Q4_0` });
    expect(at.hub.fetches()).toEqual(Object.keys(parts));
    const model = await openModel(path);
    expect([...model.checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    await model.close();
  });

  it('downloads one GGUF by its quantisation', async () => {
    const gguf = readFileSync(new URL('../../test/fixtures/gguf/llama.Q4_0.gguf', import.meta.url));
    const at = await place({ files: { 'sub/m-Q4_0.gguf': gguf, 'm-Q8_0.gguf': text('GGUF') } });
    const { path } = await pullFrom(at, { name: `${REPO}:q4_0` });
    expect(at.hub.fetches()).toEqual(['sub/m-Q4_0.gguf']);
    expect(path).toMatch(/snapshots\/[0-9a-f]{40}\/sub\/m-Q4_0\.gguf$/);
    await (await openModel(path)).close();
  });
});

it('keeps the incomplete download when aborted', async () => {
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

it('downloads a file once for two pulls at the same time', async () => {
  const at = await place();
  misbehave(at, { dripBytes: 20_000, everyMs: 50 });
  const [one, two] = await Promise.all([pullFrom(at), pullFrom(at)]);
  expect(at.hub.fetches().filter((file) => file === 'model.safetensors')).toHaveLength(1);
  expect([...one.notes, ...two.notes]).toContain(
    'model.safetensors: waiting for another process that is downloading it',
  );
});
