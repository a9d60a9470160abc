import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import { bindCpu, bindGgml, type DeviceHandle, type Ggml, type GgmlCpu, scoreOf } from './bindings.js';

/**
 * The releases of ggml whose declarations `bindings.ts` holds: version and commit. Another could lay out its structs
 * differently, which would end the process.
 */
const RELEASES: ReadonlyMap<string, string> = new Map([
  ['0.25.1', '0ad4a86'],
  ['0.23.0', '5b4ebc5'],
]);

/** The package with ggml's libraries for each platform, as Node names it. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin arm64': 'mac-arm64-metal',
  'win32 x64': 'win-x64',
};

/** The loaded libraries. */
export interface Library {
  readonly ggml: Ggml;
  readonly cpu: GgmlCpu;
  /** The processor. */
  readonly device: DeviceHandle;
  /** Which of the libraries for different processors runs here: `zen4`, `haswell`, … */
  readonly variant: string;
}

let loaded: Library | undefined;

/**
 * Loads ggml's libraries, once per process.
 * @throws HoldfastError `E_EXECUTOR` if they are not installed, do not load on this system or are of another release
 */
export function loadLibrary(): Library {
  loaded ??= openLibrary(libraryFolder(`${process.platform} ${process.arch}`));
  return loaded;
}

/**
 * Returns the folder of the libraries for a platform.
 * @throws HoldfastError `E_EXECUTOR` if there are none, or their package is not installed
 */
export function libraryFolder(platform: string, hasGlibc = runsOnGlibc): string {
  const name = PACKAGES[platform];
  if (name === undefined) throw unavailable(`ggml's libraries are not published for ${platform}`, ELSEWHERE);
  const packageName = `@node-llama-cpp/${name}`;
  try {
    const entry = createRequire(import.meta.url).resolve(packageName);
    return join(dirname(entry), '..', 'bins', name);
  } catch (cause) {
    if (platform.startsWith('linux') && !hasGlibc()) {
      const hint =
        'Neither does the onnx executor work without it. Use --executor reference, or a Linux with glibc';
      throw unavailable("ggml's libraries need glibc, which this system does not have", hint, cause);
    }
    throw unavailable(`the package ${packageName} with ggml's libraries is not installed`, REINSTALL, cause);
  }
}

/**
 * Loads the libraries of a folder: libggml-base, and of the libraries for different processors the one that scores
 * highest on this one, by its own judgement.
 * @throws HoldfastError `E_EXECUTOR`
 */
export function openLibrary(folder: string): Library {
  const files = filesOf(folder);
  const base = files.find((file) => /^(?:lib)?ggml-base\.(?:so|dylib|dll)$/.test(file));
  if (base === undefined) throw unavailable(`${folder} has no libggml-base`, REINSTALL);
  let ggml: Ggml;
  try {
    ggml = bindGgml(join(folder, base));
  } catch (cause) {
    throw unloadable(cause);
  }
  const [version, commit] = [ggml.version(), ggml.commit()];
  if (RELEASES.get(version) !== commit) {
    const known = [...RELEASES].map((release) => release.join(' ')).join(' or ');
    throw unavailable(`ggml is ${version} ${commit}, but must be ${known}`, REINSTALL);
  }
  // Its messages are of no use to a user, and a callback into JavaScript from its threads is not possible.
  ggml.setLog(ggml.doNothing, null);
  const { path, variant } = bestCpu(folder, files);
  const cpu = bindCpu(path);
  const registry = cpu.init();
  if (registry === null || ggml.deviceCount(registry) === 0) {
    throw unavailable(`ggml's library for ${variant} finds no processor`, ELSEWHERE);
  }
  return { ggml, cpu, device: ggml.device(registry, 0), variant };
}

/** Returns the library for the processor that scores highest. */
function bestCpu(folder: string, files: readonly string[]): { path: string; variant: string } {
  let best: { readonly path: string; readonly variant: string; readonly score: number } | undefined;
  let failure: unknown;
  for (const file of files) {
    const variant = /^(?:lib)?ggml-cpu-([\w.]+)\.(?:so|dylib|dll)$/.exec(file)?.[1];
    if (variant === undefined) continue;
    const path = join(folder, file);
    try {
      const score = scoreOf(path);
      if (score > (best?.score ?? 0)) best = { path, variant, score };
    } catch (cause) {
      failure ??= cause;
    }
  }
  if (best !== undefined) return best;
  if (failure === undefined) throw unavailable(`${folder} has no library for this processor`, ELSEWHERE);
  throw unloadable(failure);
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw unavailable(`${folder} cannot be read`, REINSTALL, cause);
  }
}

/** Whether Node uses glibc. Alpine has another C library, musl. */
function runsOnGlibc(): boolean {
  const { header } = process.report.getReport() as { readonly header: Record<string, unknown> };
  return header.glibcVersionRuntime !== undefined;
}

/** What else to use. */
export const ELSEWHERE = 'Use --executor onnx or --executor reference. holdfast doctor says what works here';
const REINSTALL = `Install holdfast again, with its optional dependencies. ${ELSEWHERE}`;

function unloadable(cause: unknown): HoldfastError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return unavailable(`ggml's libraries do not load on this system: ${reason}`, ELSEWHERE, cause);
}

function unavailable(what: string, hint: string, cause?: unknown): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `the cpu executor is not available: ${what}`, { hint, cause });
}
