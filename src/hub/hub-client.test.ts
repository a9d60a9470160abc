import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubPlace } from '../../test/support/hub-place.js';
import { FILES, place, pullFrom, REPO } from '../../test/support/hub-pull.js';
import { COMMIT } from '../../test/support/loopback-hub.js';

describe('a hub that refuses', () => {
  it('cannot put arbitrary text into a hint', async () => {
    const at = await hubPlace({ 'owner/mod\u001bel': { files: FILES }, 'owner/models': { files: FILES } });
    await expect(pullFrom(at)).rejects.toThrow(/no model "owner\/model" .*Did you mean owner\/models\?/);
  });

  it('leaves only an empty snapshot in the cache, which Python does not treat as corrupt', async () => {
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
  ])('gets an error that says what to do about %s', async (_, options, message) => {
    const at = await place({ files: FILES, gated: true });
    const token = 'name' in options ? 'secret' : null;
    await expect(pullFrom(at, { ...options, token })).rejects.toThrow(message);
  });

  it.each([
    [
      403,
      { 'x-error-message': 'Please enable access to public gated repositories' },
      /denies access to owner\/model \(403, "Please enable access to public gated repositories"\)/,
    ],
    [
      401,
      { 'x-error-message': 'Invalid credentials in Authorization header' },
      /does not accept the token \(401, "Invalid credentials in Authorization header"\)/,
    ],
  ])('is quoted when it refuses a token with %i', async (status, headers, message) => {
    const at = await place();
    at.hub.listingStatus.push({ status, headers });
    await expect(pullFrom(at, { token: 'secret' })).rejects.toThrow(message);
  });
});
