import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hubSettings } from './hub-settings.js';

function home(token: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), token);
  return folder;
}

it('takes the cache from the first variable that is set, as Python does', () => {
  const cacheOf = (environment: Record<string, string>): string => hubSettings(environment).cache;
  expect(cacheOf({})).toBe(join(homedir(), '.cache/huggingface/hub'));
  expect(cacheOf({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
  expect(cacheOf({ HF_HOME: '~/hf', XDG_CACHE_HOME: '/x' })).toBe(join(homedir(), 'hf/hub'));
  expect(cacheOf({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
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
