import { homedir } from 'node:os';
import { join, win32 } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock('node:path');
  vi.resetModules();
});

describe('configFile', () => {
  it('is under XDG_CONFIG_HOME if that is absolute, as the specification says', async () => {
    const { configFile } = await import('./user-folders.js');
    vi.stubEnv('XDG_CONFIG_HOME', '/etc/mine');
    expect(configFile()).toBe('/etc/mine/holdfast/config.yaml');
    vi.stubEnv('XDG_CONFIG_HOME', 'mine');
    expect(configFile()).toBe(join(homedir(), '.config/holdfast/config.yaml'));
  });

  it('knows an absolute path of Windows', async () => {
    vi.doMock('node:path', () => win32);
    const { configFile } = await import('./user-folders.js');
    vi.stubEnv('XDG_CONFIG_HOME', 'C:\\Users\\me\\settings');
    expect(configFile()).toBe('C:\\Users\\me\\settings\\holdfast\\config.yaml');
  });
});
