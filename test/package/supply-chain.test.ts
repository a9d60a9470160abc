import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

interface Entry {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: true;
  readonly dev?: true;
  readonly hasInstallScript?: true;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The packages of a lock file by their places, such as `node_modules/zod`. */
function lockOf(file: string): [place: string, entry: Entry][] {
  const { packages } = JSON.parse(readFileSync(join(root, file), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  return Object.entries(packages).filter(([place, { link }]) => place.includes('node_modules/') && !link);
}

/**
 * Packages that the registry lacked when the lock file was made, see docs/decisions/0012. `scripts/lock-integrity.mjs` adds
 * their hashes where a registry has them; the release stops until it has.
 */
const WITHOUT_HASH = ['@node-llama-cpp/mac-arm64-metal 3.22.1', '@node-llama-cpp/win-x64 3.22.1'];

describe('the lock files', () => {
  it.each([
    ['package-lock.json', WITHOUT_HASH],
    ['bench/package-lock.json', []],
    ['clients/package-lock.json', []],
  ])('%s has a SHA-512 of every package, those of other platforms too', (file, expected) => {
    const without = lockOf(file)
      .filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
      .map(([place, { version }]) => `${place.split('node_modules/').at(-1)} ${version}`);
    expect(without).toEqual(expected);
  });

  it('lists the binaries of every platform that a package names', () => {
    const entries = lockOf('package-lock.json');
    const listed = new Map(
      entries.map(([place, { version }]) => [place.split('node_modules/').at(-1), version]),
    );
    const named = entries.flatMap(([, entry]) => Object.entries(entry.optionalDependencies ?? {}));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(([name]) => !listed.has(name))).toEqual([]);
  });

  it('has no package with an install script but those that were reviewed', () => {
    const scripted = lockOf('package-lock.json').filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripted.map(([place]) => place.replace('node_modules/', ''))).toEqual([
      'deno',
      'koffi',
      'msgpackr-extract',
      'onnxruntime-node',
      'webgpu',
    ]);
    expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });

  it('repeats the licences of the installed packages', () => {
    const installed = lockOf('package-lock.json').filter(([place]) => existsSync(join(root, place)));
    const given = installed.map(([place, { license }]) => [place, license]);
    const own = installed.map(([place]) => {
      const text = readFileSync(join(root, place, 'package.json'), 'utf8');
      return [place, (JSON.parse(text) as { license?: string }).license];
    });
    expect(own.length).toBeGreaterThan(100);
    expect(own).toEqual(given);
  });
});

describe('scripts/third-party.mjs', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-licences-'));
    for (const project of ['bench', 'clients']) {
      await mkdir(join(folder, project));
      await withPackage({ license: 'BlueOak-1.0.0' }, project);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  const script = join(root, 'scripts/third-party.mjs');
  const withPackage = (entry: object, project = ''): Promise<void> =>
    writeFile(
      join(folder, project, 'package-lock.json'),
      JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0', ...entry } } }),
    );

  it('wrote THIRD_PARTY.md from the lock file as it is', async () => {
    await run(process.execPath, [script, '--check']);
  });

  it.each([
    ['a licence that is not in its table', { license: 'GPL-3.0', dev: true }, 'GPL-3.0'],
    ['no licence', {}, 'none is given'],
    ['a licence for development alone', { license: 'MPL-2.0' }, 'MPL-2.0'],
  ])('refuses a package with %s', async (_, entry, found) => {
    await withPackage(entry);
    await expect(run(process.execPath, [script, folder])).rejects.toThrow(
      `x 1.0.0: its licence may not be used here: ${found}`,
    );
  });

  it('accepts the last for development, and notices a page that is not current', async () => {
    await withPackage({ license: 'MPL-2.0', dev: true });
    await run(process.execPath, [script, folder]);
    await run(process.execPath, [script, '--check', folder]);
    await withPackage({ license: 'MIT' });
    await expect(run(process.execPath, [script, '--check', folder])).rejects.toThrow('is not current');
  });

  it('refuses a licence of what is never published, too', async () => {
    await withPackage({ license: 'GPL-3.0' }, 'bench');
    await expect(run(process.execPath, [script, folder])).rejects.toThrow('may not be used here: GPL-3.0');
  });
});

describe('scripts/sbom.mjs', () => {
  it('lists what is installed with Holdfast on any platform', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-sbom-'));
    const file = join(folder, 'sbom.json');
    await run(process.execPath, [join(root, 'scripts/sbom.mjs'), file]);
    const sbom = JSON.parse(readFileSync(file, 'utf8')) as {
      bomFormat: string;
      metadata: { component: { name: string } };
      components: { name: string; version: string }[];
    };
    await rm(folder, { recursive: true });
    expect(sbom.bomFormat).toBe('CycloneDX');
    expect(sbom.metadata.component.name).toBe('holdfast');
    const named = ({ name, version }: { name: string; version: string }): string => `${name} ${version}`;
    const expected = lockOf('package-lock.json')
      .filter(([, { dev }]) => !dev)
      .map(([place, { version }]) => `${place.split('node_modules/').at(-1)} ${version}`);
    expect(new Set(sbom.components.map(named))).toEqual(new Set(expected));
  });
});

describe('the page of the studio', () => {
  it('brings the licences of the packages whose code it contains', () => {
    const text = readFileSync(join(root, 'dist/studio/page/licences.md'), 'utf8');
    const packages = [...text.matchAll(/^## (\S+) \d+\./gm)].map(([, name]) => name);
    // The worker runs the engine, so its bundle has what that imports.
    expect(packages).toEqual([
      '@huggingface/tokenizers',
      '@preact/signals',
      '@preact/signals-core',
      'marked',
      'preact',
      'zod',
    ]);
    expect(text).toContain('Apache License');
  });
});

describe('the page of a trace', () => {
  it('brings the licences of the packages whose code it contains', () => {
    const text = readFileSync(join(root, 'dist/trace-page/page/licences.md'), 'utf8');
    const packages = [...text.matchAll(/^## (\S+) \d+\./gm)].map(([, name]) => name);
    expect(packages).toEqual(['@preact/signals', '@preact/signals-core', 'preact']);
  });
});

describe('the publishing workflow', () => {
  const workflow = readFileSync(join(root, '.github/workflows/publish.yml'), 'utf8');

  it('pins every action to a commit', () => {
    const used = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/@[0-9a-f]{40}$/);
  });

  it('publishes with provenance what the checks have passed', () => {
    const steps = [
      'lock-integrity.mjs',
      'npm ci',
      'npm run check',
      'npm test',
      'npm run pack',
      '--provenance',
    ];
    const places = steps.map((step) => workflow.indexOf(step));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(workflow).toContain('id-token: write');
  });
});
