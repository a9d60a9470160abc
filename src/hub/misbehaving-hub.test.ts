import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HubPlace } from '../../test/support/hub-place.js';
import {
  BLOB,
  FILES,
  misbehave,
  place,
  pullFrom,
  REPO,
  rangesOf,
  WEIGHTS,
} from '../../test/support/hub-pull.js';
import { COMMIT, type Listing } from '../../test/support/loopback-hub.js';

describe('a hub that misbehaves', () => {
  const whole = ({ cache }: HubPlace): void => {
    expect(readFileSync(join(cache, BLOB))).toEqual(Buffer.from(WEIGHTS));
  };

  it('is asked for the rest whenever the connection breaks, as long as there is progress', async () => {
    const at = await place();
    misbehave(at, ...Array.from({ length: 8 }, () => ({ cutAt: 3000 })));
    const { notes } = await pullFrom(at);
    whole(at);
    expect(rangesOf(at)).toHaveLength(9);
    expect(rangesOf(at)[1]).toMatch(/^bytes=\d{3,4}-$/);
    expect(notes[0]).toMatch(/^model.safetensors: the connection broke .*; trying again in/);
  });

  it('is abandoned if there is no progress, and the next pull resumes the download', async () => {
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

  it.each([
    [
      'breaks after what was there before',
      (at: number) => ({ ignoreRange: true, cutAt: at % 2 === 0 ? 6000 : 5000 }),
    ],
    ['gives a little each time', () => ({ cutAt: 1 })],
  ])('is abandoned if it %s, again and again', async (_, answer) => {
    const at = await place();
    misbehave(at, ...Array.from({ length: 60 }, (_, tried) => answer(tried)));
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB', file: 'model.safetensors' });
    expect(rangesOf(at).length).toBeLessThan(10);
  });

  it('may ignore ranges: the download starts again', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, { ignoreRange: true });
    const { notes } = await pullFrom(at);
    whole(at);
    expect(notes).toContain('model.safetensors: the hub cannot resume the download: starting again');
  });

  it.each([
    ['other bytes', { content: WEIGHTS.map((byte) => byte ^ 1) }, /its hash is not the one/],
    ['a longer file', { content: new Uint8Array(WEIGHTS.length + 1) }, /lists \d+ bytes but sends \d+/],
    [
      'a file that does not end',
      { unmeasured: new Uint8Array(WEIGHTS.length + 1) },
      /more than the \d+ bytes/,
    ],
    ['another etag', { linkedEtag: 'e'.repeat(64) }, /now serves a different file under this name/],
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

  it('may send a shorter file: the rest is requested, and the pull fails', async () => {
    const at = await place();
    misbehave(at, ...Array.from({ length: 9 }, () => ({ content: WEIGHTS.subarray(0, 1000) })));
    await expect(pullFrom(at)).rejects.toMatchObject({ code: 'E_HUB' });
    expect(at.cached()).not.toContain(BLOB);
  });

  it('may change the file between two pulls: the download starts again', async () => {
    const at = await place();
    const other = WEIGHTS.map((byte) => byte ^ 1);
    misbehave(at, { cutAt: 5000 }, ...Array.from({ length: 5 }, () => ({ cutAt: 0 })));
    await expect(pullFrom(at)).rejects.toThrow();
    misbehave(at, { content: other });
    const { notes } = await pullFrom(at);
    expect(notes).toContain(
      'model.safetensors: the resumed download has the wrong hash: downloading it again',
    );
    whole(at);
  });

  it('may change the file between two responses of one pull: the download starts again', async () => {
    const at = await place();
    misbehave(at, { cutAt: 5000 }, { content: WEIGHTS.map((byte) => byte ^ 1) });
    const { notes } = await pullFrom(at);
    expect(notes).toContain(
      'model.safetensors: the resumed download has the wrong hash: downloading it again',
    );
    whole(at);
  });

  it('cannot give another commit than the requested one', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => ({ ...listing, sha: 'd'.repeat(40) });
    await expect(pullFrom(at, { name: `${REPO}@${COMMIT}` })).rejects.toThrow(
      /requested commit c0ffee0+, received d+/,
    );
  });

  it('may send a byte order mark, but nothing else than UTF-8', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => Buffer.from(`\ufeff${JSON.stringify(listing)}`);
    await pullFrom(at);
    whole(at);
    at.hub.tamper = () => Buffer.from('{"é": 1}', 'latin1');
    await expect(pullFrom(at)).rejects.toThrow(
      /^E_HUB: the response is not UTF-8 \(http:.*Check HF_ENDPOINT/,
    );
  });

  it('may be slow, but silence is a broken connection', async () => {
    const at = await place();
    misbehave(at, { stopAt: 4000 }, { dripBytes: 20_000, everyMs: 100 });
    const { notes } = await pullFrom(at);
    whole(at);
    expect(notes[0]).toMatch(/^model.safetensors: the connection broke/);
    expect(notes).toHaveLength(1);
  });

  it('may be busy: the client waits as long as it asks', async () => {
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

  it('may limit the rate of requests: the client waits until the window ends', async () => {
    const at = await place();
    at.hub.listingStatus.push({ status: 429, headers: { ratelimit: '"api";r=0;t=1' } });
    at.hub.listingStatus.push({ status: 503, headers: { ratelimit: '"api";r=489;t=189' } });
    const { notes } = await pullFrom(at);
    expect(notes[0]).toMatch(/answers 429 Too Many Requests; trying again in 1.0 s$/);
    expect(notes[1]).toMatch(/answers 503 Service Unavailable; trying again in 0.0 s$/);
  });

  it('is asked for a new URL if the other host refuses the last one', async () => {
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
    await expect(pullFrom(at)).rejects.toThrow(/^E_HUB: the hub lists config.json but does not have it/);
  });

  it('is abandoned if it asks for too long a wait', async () => {
    const at = await place();
    at.hub.listingStatus.push({ status: 429, headers: { 'retry-after': '86400' } });
    await expect(pullFrom(at)).rejects.toThrow(/asks to wait 86400 s: try again after that/);
  });

  it('gets the token, but the hosts that it redirects to do not', async () => {
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
    [
      'to a file',
      () => 'file:///etc/passwd',
      /refusing to follow the hub's redirect to file:\/\/\/etc\/passwd/,
    ],
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

  it('cannot fill the disk: a file that does not fit is refused before the download', async () => {
    const at = await place();
    at.hub.tamper = (listing: Listing) => {
      for (const { lfs } of listing.siblings) if (lfs !== undefined) lfs.size = 2 ** 50;
      return listing;
    };
    await expect(pullFrom(at)).rejects.toThrow(
      /^E_UNWRITABLE: the model needs 1048576.0 GiB more, but the disk has/,
    );
    expect(at.hub.fetches()).toEqual([]);
  });
});
