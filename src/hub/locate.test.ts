import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HubPlace, hubPlace } from '../../test/support/hub-place.js';
import { REPO, text } from '../../test/support/hub-pull.js';
import { COMMIT } from '../../test/support/loopback-hub.js';
import { locateModel } from './locate.js';

const FILES = {
  'config.json': text('{}'),
  'model.safetensors': text('weights'),
  'tokenizer.json': text('{}'),
};
const place = (): Promise<HubPlace> => hubPlace({ [REPO]: { files: FILES } });

const notes: string[] = [];
const locate = ({ hub, cache }: HubPlace, name: string, offline = false): Promise<string> => {
  notes.length = 0;
  const settings = { endpoint: hub.endpoint, cache, token: null, offline };
  return locateModel(name, { settings, onNote: (note) => notes.push(note) });
};

describe('locateModel', () => {
  it('returns a path unchanged, and asks the hub for a name', async () => {
    const at = await place();
    expect(await locate(at, at.cache)).toBe(at.cache);
    expect(await locate(at, 'model.gguf')).toBe('model.gguf');
    expect(await locate(at, './owner/model')).toBe('./owner/model');
    expect(at.hub.asked).toEqual([]);
    const path = join(at.cache, 'models--owner--model/snapshots', COMMIT);
    expect(await locate(at, REPO)).toBe(path);
    expect(await locate(at, `${at.hub.endpoint}/${REPO}`)).toBe(path);
  });

  it('uses the cached copy when offline, by branch and by commit, without a request', async () => {
    const at = await place();
    const path = await locate(at, REPO);
    at.hub.asked.length = 0;
    expect(await locate(at, REPO, true)).toBe(path);
    expect(await locate(at, `${REPO}@${COMMIT}`, true)).toBe(path);
    expect(at.hub.asked).toEqual([]);
    expect(notes).toEqual([]);
    await expect(locate(at, `${REPO}@dev`, true)).rejects.toThrow(
      /^E_HUB: .*HF_HUB_OFFLINE is set \(owner\/model@dev\)/,
    );
    await expect(locate(at, `${REPO}:Q8_0`, true)).rejects.toThrow(
      /HF_HUB_OFFLINE is set \(owner\/model:Q8_0\)/,
    );
  });

  const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
  const SHARDED = {
    'config.json': text('{}'),
    'model.safetensors.index.json': text(JSON.stringify(index)),
    'model-1.safetensors': text('one'),
    'model-2.safetensors': text('two'),
  };
  it.each([
    ['the weights', FILES, 'model.safetensors'],
    ['the configuration', FILES, 'config.json'],
    ['a shard', SHARDED, 'model-2.safetensors'],
  ])('does not use a copy that lacks %s', async (_, files, lacking) => {
    const at = await hubPlace({ [REPO]: { files } });
    const path = await locate(at, REPO);
    expect(await locate(at, REPO, true)).toBe(path);
    rmSync(join(path, lacking));
    await expect(locate(at, REPO, true)).rejects.toMatchObject({ code: 'E_HUB' });
  });

  it('says which cached GGUF it uses, because the repository may have others', async () => {
    const at = await hubPlace({ [REPO]: { files: { ...FILES, 'm-Q4_0.gguf': text('GGUF') } } });
    const path = await locate(at, `${REPO}:Q4_0`);
    expect(await locate(at, `${REPO}:Q4_0`, true)).toBe(path);
    expect(notes).toEqual([]);
    expect(await locate(at, REPO, true)).toBe(path);
    expect(notes).toEqual(['the cache has no safetensors of the model: using m-Q4_0.gguf']);
    at.hub.listingStatus.push({ status: 503 });
    expect(await locate(at, REPO)).toBe(path);
    expect(notes).toHaveLength(2);
  });

  it('uses the cached copy without waiting if the hub does not answer, and says so', async () => {
    const at = await place();
    const path = await locate(at, REPO);
    at.hub.listingStatus.push({ status: 503 });
    expect(await locate(at, REPO)).toBe(path);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/answers 503 .*: using the copy of owner\/model in the cache, commit c0ffee0/);
    await at.hub.close();
    expect(await locate(at, REPO)).toBe(path);
    expect(notes[0]).toMatch(/cannot be reached \(.*ECONNREFUSED.*\): using the copy/);
  });

  it("reports the hub's error even with a cached copy", async () => {
    const at = await place();
    await locate(at, REPO);
    at.hub.listingStatus.push({ status: 403, headers: { 'x-error-code': 'GatedRepo' } });
    await expect(locate(at, REPO)).rejects.toThrow(/is gated/);
    expect(existsSync(at.cache)).toBe(true);
  });
});
