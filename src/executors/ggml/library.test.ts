import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Backend } from './backend.js';
import { checkKernels } from './golden-graph.js';
import { GraphBuilder } from './graph-builder.js';
import { libraryFolder, loadLibrary, openLibrary, variantOf } from './library.js';
import type { Value } from './tensor.js';

const here = `${process.platform} ${process.arch}`;
const place = mkdtempSync(join(tmpdir(), 'holdfast-ggml-'));
afterAll(() => rmSync(place, { recursive: true }));

const isBase = (file: string): boolean => file.includes('ggml-base');
const isCpu = (file: string): boolean => file.includes('ggml-cpu-');

/** Returns a copy of the libraries' folder, after a change to some of its files. */
function changed(
  name: string,
  which: (file: string, index: number) => boolean,
  change: (path: string) => void,
): string {
  const path = join(place, name);
  const from = libraryFolder(here);
  for (const file of readdirSync(from).filter((file) => isBase(file) || isCpu(file))) {
    cpSync(join(from, file), join(path, file));
  }
  for (const file of readdirSync(path).filter(which)) change(join(path, file));
  return path;
}

const asText = (path: string): void => writeFileSync(path, 'not a library');
const removed = (path: string): void => rmSync(path);

it.each([
  // As the packages for macOS, Windows and Linux on arm64 have them.
  ['libggml-cpu-apple_m2_m3.so', 'apple_m2_m3'],
  ['ggml-cpu-sse42.dll', 'sse42'],
  ['libggml-cpu-armv8.2_1.so', 'armv8.2_1'],
  ['libggml-base.dylib', undefined],
  ['libggml-metal.so', undefined],
  ['libggml.metal.v0.4.0.dylib', undefined],
  ['ggml.v0.4.0.dll', undefined],
])('%s is the library of a processor: %s', (file, variant) => {
  expect(variantOf(file)).toBe(variant);
});

/** The error of a library that cannot be used: it says why, and what else to use. */
const unavailable = (what: RegExp) => {
  const elsewhere = /(?=.*onnx)(?=.*--executor reference)/;
  return expect.objectContaining({
    code: 'E_EXECUTOR',
    message: expect.stringMatching(
      new RegExp(`^E_EXECUTOR: the cpu executor is not available: .*${what.source}.*${elsewhere.source}`),
    ),
  });
};

describe('the libraries of ggml', () => {
  it('load, and are of a known release', () => {
    const { ggml, variant } = loadLibrary('cpu');
    expect(`${ggml.version()} ${ggml.commit()}`).toBe('0.25.1 0ad4a86');
    expect(variant).toMatch(/^\w+$/);
  });

  it.each([
    ['without libggml-base', isBase, removed, /has no libggml-base/],
    ['without a library for this processor', isCpu, removed, /has no library for this processor/],
    ['with a libggml-base that is no library', isBase, asText, /do not load on this system: .*/],
    ['with no processor library that loads', isCpu, asText, /do not load on this system: .*/],
    [
      'of another release',
      isBase,
      (path: string) =>
        writeFileSync(
          path,
          readFileSync(path)
            .toString('latin1')
            .replace(/0\.2[35]\.[01]\0/, '0.99.1\0'),
          'latin1',
        ),
      /ggml is 0\.99\.1 \w+, but must be 0\.25\.1 0ad4a86/,
    ],
  ] as const)('are refused as a folder %s', (name, which, change, message) => {
    expect(() => openLibrary(changed(name, which, change))).toThrow(unavailable(message));
  });

  it('are refused where there is no folder', () => {
    expect(() => openLibrary(join(place, 'nowhere'))).toThrow(unavailable(/nowhere cannot be read/));
  });

  it('are not for every platform, and say so', () => {
    expect(() => libraryFolder('sunos x64')).toThrow(unavailable(/are not published for sunos x64/));
    const other = here === 'linux arm64' ? 'linux x64' : 'linux arm64';
    expect(() => libraryFolder(other, () => true)).toThrow(
      unavailable(/@node-llama-cpp\/linux-.* is not installed/),
    );
    expect(() => libraryFolder(other, () => false)).toThrow(unavailable(/need glibc/));
  });

  it('are chosen among those that load', () => {
    const { variant } = loadLibrary('cpu');
    const folder = changed(
      'others broken',
      (file) => isCpu(file) && !file.includes(`cpu-${variant}.`),
      asText,
    );
    expect(openLibrary(folder).variant).toBe(variant);
  });

  it('are the ones that the environment names', () => {
    if (process.arch !== 'x64' || process.platform !== 'linux') return;
    const folder = libraryFolder(here);
    vi.stubEnv('HOLDFAST_GGML_CPU', 'x64');
    expect(openLibrary(folder).variant).toBe('x64');
    for (const unknown of ['x6', 'pentium']) {
      vi.stubEnv('HOLDFAST_GGML_CPU', unknown);
      expect(() => openLibrary(folder)).toThrow(
        new RegExp(
          `ggml's library for "${unknown}" is not there, or cannot run .*HOLDFAST_GGML_CPU asks for it`,
        ),
      );
    }
    vi.unstubAllEnvs();
  });
});

describe('a backend', () => {
  it('leaves nothing open if its threads cannot start', () => {
    const { ggml, cpu } = loadLibrary('cpu');
    vi.spyOn(cpu!, 'newThreads').mockReturnValue(null);
    const [close, free] = [vi.spyOn(ggml, 'closeBackend'), vi.spyOn(ggml, 'freeContext')];
    try {
      expect(() => Backend.open(2)).toThrow('E_EXECUTOR: ggml could not start 2 threads');
      expect(close).toHaveBeenCalledOnce();
      expect(free).toHaveBeenCalledOnce();
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('the golden graph', () => {
  it.each(['rope', 'softmax', 'product'] as const)('notices a wrong %s', async (operation) => {
    const backend = Backend.open(1);
    const original = GraphBuilder.prototype[operation] as (...args: unknown[]) => Value;
    vi.spyOn(GraphBuilder.prototype, operation).mockImplementation(function (
      this: GraphBuilder,
      ...args: unknown[]
    ) {
      return this.scale(original.apply(this, args), 1.1);
    } as never);
    await expect(checkKernels(backend)).rejects.toThrow(
      /^E_EXECUTOR: ggml's library for .* computes wrongly: .*--executor reference/,
    );
    vi.restoreAllMocks();
    await checkKernels(backend);
    backend.dispose();
  });
});
