import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hubSettings } from './hub-settings.js';

function home(token: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), token);
  return folder;
}

/** Returns a reference to a variable, in braces. */
const braced = (name: string): string => `\${${name}}`;

/** The home of root, which differs between systems. */
const ROOT = /^root:(?:[^:]*:){4}([^:]*):/m.exec(readFileSync('/etc/passwd', 'utf8'))![1]!;

it('takes the cache from the first variable that is set, as Python does', () => {
  const cacheOf = (environment: Record<string, string>): string => hubSettings(environment).cache;
  expect(cacheOf({})).toBe(join(homedir(), '.cache/huggingface/hub'));
  expect(cacheOf({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
  expect(cacheOf({ HF_HOME: '~/hf', XDG_CACHE_HOME: '/x' })).toBe(join(homedir(), 'hf/hub'));
  expect(cacheOf({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
});

it.each([
  [{ HF_HOME: '~' }, '/home/me/hub'],
  [{ HF_HOME: '~/hf' }, '/home/me/hf/hub'],
  [{ HF_HOME: '/a/~/b' }, '/a/~/b/hub'],
  [{ HF_HOME: '~root/hf' }, `${ROOT}/hf/hub`],
  [{ HF_HOME: '$HOME/hf' }, '/home/me/hf/hub'],
  [{ HF_HOME: `${braced('HOME')}/hf` }, '/home/me/hf/hub'],
  [{ HF_HOME: `$DATA${braced('PART')}`, DATA: '/a', PART: 'b' }, '/ab/hub'],
  [{ HF_HOME: '/x/$one-two', one: '1' }, '/x/1-two/hub'],
  [{ HF_HOME: '$$HOME' }, '$/home/me/hub'],
  [{ HF_HOME: `${braced('NOT SET')}/$NOT_SET/\${HOME` }, `${braced('NOT SET')}/$NOT_SET/\${HOME/hub`],
  [{ XDG_CACHE_HOME: '$HOME/x' }, '/home/me/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '~/x' }, '/home/me/x/huggingface/hub'],
  [{ HUGGINGFACE_HUB_CACHE: '~/h' }, '/home/me/h'],
  [{ HUGGINGFACE_HUB_CACHE: '/h', HF_HUB_CACHE: '$HOME/c' }, '/home/me/c'],
  [{ HF_HUB_CACHE: '$HF_HOME/z', HF_HOME: '/a' }, '/a/z'],
  // Python expands the default cache a second time, and so do we.
  [{ HF_HOME: '$ONE', ONE: '$TWO', TWO: 'two' }, 'two/hub'],
  [{ HF_HOME: '$ONE', ONE: '~/one' }, '/home/me/one/hub'],
])('expands the cache folder in %j as Python does', (environment, cache) => {
  expect(hubSettings({ HOME: '/home/me', ...environment }).cache).toBe(cache);
});

it('expands the path of the token file', () => {
  const HOME = home('from-file');
  for (const HF_TOKEN_PATH of ['~/token', '$HOME/token', `${braced('HOME')}/token`]) {
    expect(hubSettings({ HOME, HF_TOKEN_PATH }).token, HF_TOKEN_PATH).toBe('from-file');
  }
});

it('refuses the home of a user that this machine does not know', () => {
  expect(() => hubSettings({ HF_HOME: '~nobody-of-this-name/hf' })).toThrow(
    /^E_HUB: the home folder of the user "nobody-of-this-name" is not known/,
  );
});

it('reads a token file with a byte order mark, and refuses one in UTF-16', () => {
  expect(hubSettings({ HF_HOME: home('\ufefftoken\r\n') }).token).toBe('token');
  const HF_HOME = home(Buffer.from('\ufefftoken', 'utf16le'));
  expect(() => hubSettings({ HF_HOME })).toThrow(
    /^E_UNREADABLE: the text is UTF-16 LE with a byte order mark, not UTF-8 .*token, byte 0/,
  );
});

it('takes the token from HF_TOKEN, else from its file', () => {
  const HF_HOME = home(' from-file\n');
  expect(hubSettings({ HF_HOME }).token).toBe('from-file');
  expect(hubSettings({ HF_HOME, HF_TOKEN: 'said' }).token).toBe('said');
  expect(hubSettings({ HF_HOME: home('\n') }).token).toBeNull();
  expect(hubSettings({ HF_HOME: '/nowhere' }).token).toBeNull();
});

it('does not show an invalid token', () => {
  const token = 'hf_secret\nX: y';
  expect(() => hubSettings({ HF_TOKEN: token })).toThrow(/^(?!.*secret)E_HUB: the token has characters/s);
});

it('is offline if HF_HUB_OFFLINE is 1, on, yes or true', () => {
  const values = ['1', 'ON', 'yes', 'True', '0', 'false', ''];
  const offline = values.map((HF_HUB_OFFLINE) => hubSettings({ HF_HUB_OFFLINE }).offline);
  expect(offline).toEqual([true, true, true, true, false, false, false]);
});

it('does not show the password of an endpoint', () => {
  expect(() => hubSettings({ HF_ENDPOINT: 'https://me:se/cret@mirror.test' })).toThrow(
    /^E_HUB: "https:\/\/…@mirror.test" is not the URL of a hub/,
  );
});

it('refuses an endpoint that is not a URL', () => {
  expect(hubSettings({ HF_ENDPOINT: 'https://mirror.test/hf/' }).endpoint).toBe('https://mirror.test/hf');
  for (const HF_ENDPOINT of ['mirror.test', 'file:///etc', 'https://user@mirror.test', 'https://a?b']) {
    expect(() => hubSettings({ HF_ENDPOINT }), HF_ENDPOINT).toThrow(/^E_HUB: .*is not the URL of a hub/);
  }
});
