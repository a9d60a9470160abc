import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile, pinnedVersion, readPackage } from './package.js';

describe('the packages that results depend on', () => {
  it('are pinned exactly', () => {
    const { dependencies, optionalDependencies, peerDependencies } = readPackage();
    for (const versions of [dependencies, optionalDependencies, peerDependencies]) {
      for (const [name, version] of Object.entries(versions))
        expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('are in the lock file for every platform, without the address of a registry', () => {
    const { optionalDependencies } = readPackage();
    const { packages } = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8'));
    for (const [name, version] of Object.entries(optionalDependencies)) {
      expect(packages[`node_modules/${name}`], name).toMatchObject({ version, optional: true });
    }
    for (const [name, entry] of Object.entries(packages)) expect(entry, name).not.toHaveProperty('resolved');
  });

  it('have one version, also if each platform has a package of its own', () => {
    const { optionalDependencies } = readPackage();
    expect(pinnedVersion('onnxruntime-node')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(pinnedVersion('@node-llama-cpp')).toBe(optionalDependencies['@node-llama-cpp/linux-x64']);
    expect(() => pinnedVersion('@node-llama')).toThrow('package.json pins 0 versions of @node-llama');
  });
});
