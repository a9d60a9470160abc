import { describe, expect, it } from 'vitest';
import { parseListing } from './hub-listing.js';

const GIT = 'a'.repeat(40);
const file = { rfilename: 'config.json', size: 3, blobId: GIT };
const parse = (changes: object): unknown =>
  parseListing(JSON.stringify({ sha: GIT, siblings: [{ ...file, ...changes }] }), 'hub');

describe('parseListing', () => {
  it('names files by the same hash as Python', () => {
    const lfs = { sha256: 'b'.repeat(64), size: 9, pointerSize: 130 };
    expect(parse({})).toMatchObject({
      files: [{ path: 'config.json', bytes: 3, hash: GIT, hashKind: 'git' }],
    });
    expect(parse({ lfs })).toMatchObject({ files: [{ bytes: 9, hash: lfs.sha256, hashKind: 'sha256' }] });
  });

  it.each([
    ...['..\\x', 'C:x', 'a\0b', 'a'.repeat(1025)],
    // On Windows a device, or another file.
    ...['NUL', 'con.json', 'a/Com1.safetensors', 'config.json.', 'folder /config.json', 'a?b', 'a|b'],
  ])('omits the path %j, and nothing else', (rfilename) => {
    const siblings = [{ ...file, rfilename }, file];
    const listing = parseListing(JSON.stringify({ sha: GIT, siblings }), 'hub');
    expect(listing.files.map(({ path }) => path)).toEqual(['config.json']);
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', './a', ''])('refuses the path %j', (rfilename) => {
    expect(() => parse({ rfilename })).toThrow(
      /not a path inside the repository .*field siblings.0.rfilename/,
    );
  });

  it.each([
    ['a negative size', { size: -1 }],
    ['a size that is not a whole number', { size: 1.5 }],
    ['a size above 2^53', { size: 1e300 }],
    ['no size', { size: undefined }],
    ['a hash that is a path', { blobId: '../../x' }],
    ['a hash of another length', { lfs: { sha256: GIT, size: 1 } }],
  ])('refuses %s', (_, changes) => {
    expect(() => parse(changes)).toThrow(/^E_HUB: the response is not a listing of a model/);
  });

  it('refuses a response that is not JSON, and a commit that is a path', () => {
    expect(() => parseListing('<html>', 'hub')).toThrow(/^E_HUB: the response is not JSON/);
    expect(() => parseListing('{"sha": "../x", "siblings": []}', 'hub')).toThrow(/field sha/);
  });
});
