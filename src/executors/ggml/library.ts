import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HoldfastError, messageOf } from '../../errors.js';
import { NotInstalled } from '../../package.js';
import {
  bindBackend,
  bindCpu,
  bindGgml,
  type DeviceHandle,
  type Ggml,
  type GgmlCpu,
  type RegistryHandle,
  returnLargeBlocks,
  scoreOf,
} from './bindings.js';

/**
 * The release of ggml whose declarations `bindings.ts` holds: version and commit. Another could lay out its structs
 * differently, which would end the process.
 */
const RELEASE = '0.25.1 0ad4a86';

/** The package with ggml's libraries for each platform, as Node names it. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin arm64': 'mac-arm64-metal',
  'win32 x64': 'win-x64',
};

/** The other backends, by the name of the executor that runs on them: their library, and its package by platform. */
const ACCELERATORS = {
  'ggml-vulkan': {
    library: 'vulkan',
    packages: { 'linux x64': 'linux-x64-vulkan', 'win32 x64': 'win-x64-vulkan' },
    withoutRounding: 'GGML_VK_DISABLE_F16=1',
  },
  'ggml-cuda': {
    library: 'cuda',
    packages: { 'linux x64': 'linux-x64-cuda', 'win32 x64': 'win-x64-cuda' },
    withoutRounding: 'NVIDIA_TF32_OVERRIDE=0',
  },
  'ggml-metal': {
    library: 'metal',
    packages: { 'darwin arm64': 'mac-arm64-metal' },
    withoutRounding: null,
  },
} as const satisfies Readonly<Record<string, Accelerator>>;

interface Accelerator {
  readonly library: string;
  readonly packages: Readonly<Record<string, string>>;
  /** The environment variable that keeps its kernels from rounding f32; null if there is none. */
  readonly withoutRounding: string | null;
}

/** The name of a backend on another device than the processor. */
export type AcceleratorName = keyof typeof ACCELERATORS;

/** The name of a backend, and of the executor that runs on it. */
export type BackendName = 'cpu' | AcceleratorName;

/** The environment variable that keeps a backend's kernels from rounding f32; null if there is none. */
export function withoutRounding(name: BackendName): string | null {
  return name === 'cpu' ? null : ACCELERATORS[name].withoutRounding;
}

/** The loaded libraries of a backend. */
export interface Library {
  readonly ggml: Ggml;
  /** The functions of the processor's library; null for another device. */
  readonly cpu: GgmlCpu | null;
  readonly device: DeviceHandle;
  /** Which of the libraries for different processors runs here, such as `zen4`; or the name of the device. */
  readonly variant: string;
}

const loaded = new Map<BackendName, Library>();

/**
 * Loads ggml's libraries for a backend, once per process.
 * @throws HoldfastError `E_EXECUTOR` if they are not installed, do not load on this system or are of another release;
 * or if there is no device for them
 */
export function loadLibrary(name: BackendName): Library {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const platform = `${process.platform} ${process.arch}`;
  const library =
    name === 'cpu' ? openLibrary(libraryFolder(platform)) : openAccelerator(name, loadLibrary('cpu').ggml);
  loaded.set(name, library);
  return library;
}

/**
 * Loads the library of another device than the processor. It finds libggml-base among the libraries that are loaded.
 * @throws HoldfastError `E_EXECUTOR`
 */
function openAccelerator(name: AcceleratorName, ggml: Ggml): Library {
  const path = requireAccelerator(name);
  const { library } = ACCELERATORS[name];
  let registry: RegistryHandle | null;
  try {
    registry = bindBackend(path).init();
  } catch (cause) {
    const what = `ggml's library for ${library} does not load on this system: ${messageOf(cause)}`;
    throw withoutAccelerator(name, what, cause);
  }
  if (registry === null || ggml.deviceCount(registry) === 0) {
    throw withoutAccelerator(name, `ggml's library for ${library} finds no device`);
  }
  const device = ggml.device(registry, 0);
  return { ggml, cpu: null, device, variant: ggml.deviceDescription(device) };
}

/**
 * Returns the path of the library of another device than the processor.
 * @throws HoldfastError `E_EXECUTOR` if it is not published for this platform, or its package is not installed
 */
export function requireAccelerator(name: AcceleratorName): string {
  const platform = `${process.platform} ${process.arch}`;
  const { library, packages } = ACCELERATORS[name];
  const own = new Map<string, string>(Object.entries(packages)).get(platform);
  if (own === undefined) {
    throw withoutAccelerator(name, `ggml's library for ${library} is not published for ${platform}`);
  }
  const folder = folderOf(own);
  if (folder === null) throw new NotInstalled(`@node-llama-cpp/${own}`, undefined);
  const file = filesOf(folder).find((file) => file.replace(/^lib/, '').startsWith(`ggml-${library}.`));
  if (file === undefined) throw withoutAccelerator(name, `${folder} has no libggml-${library}`);
  return join(folder, file);
}

function withoutAccelerator(name: AcceleratorName, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `the ${name} executor is not available: ${what}`, {
    hint: 'Use another executor. holdfast doctor says what works here',
    cause,
  });
}

/** Returns the folder with the libraries of a package; null if it is not installed. */
function folderOf(name: string): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}`);
    return join(dirname(entry), '..', 'bins', name);
  } catch {
    return null;
  }
}

/**
 * Returns the folder of the libraries for a platform.
 * @throws HoldfastError `E_EXECUTOR` if there are none, or their package is not installed
 */
export function libraryFolder(platform: string, hasGlibc = runsOnGlibc): string {
  const name = PACKAGES[platform];
  if (name === undefined) throw unavailable(`ggml's libraries are not published for ${platform}`, ELSEWHERE);
  const folder = folderOf(name);
  if (folder !== null) return folder;
  if (platform.startsWith('linux') && !hasGlibc()) {
    const hint =
      'Neither does the onnx executor work without it. Use --executor reference, or a Linux with glibc';
    throw unavailable("ggml's libraries need glibc, which this system does not have", hint);
  }
  throw unavailable(`the package @node-llama-cpp/${name} with ggml's libraries is not installed`, REINSTALL);
}

/**
 * Loads the libraries of a folder: libggml-base, and of the libraries for different processors the one that scores
 * highest on this one, by its own judgement. `HOLDFAST_GGML_CPU` chooses another, so that different machines can give the
 * same bits.
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
  const release = `${ggml.version()} ${ggml.commit()}`;
  if (release !== RELEASE) throw unavailable(`ggml is ${release}, but must be ${RELEASE}`, REINSTALL);
  returnLargeBlocks();
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

/** The environment variable that names one of the libraries for different processors, instead of the best one here. */
const CHOICE = 'HOLDFAST_GGML_CPU';

/** Returns what processor a library's file is for; undefined if it is no such library. */
export const variantOf = (file: string): string | undefined =>
  /^(?:lib)?ggml-cpu-([\w.]+)\.(?:so|dylib|dll)$/.exec(file)?.[1];

/**
 * Returns the library for the processor that scores highest, or the one that the environment names.
 * @throws HoldfastError `E_EXECUTOR`
 */
function bestCpu(folder: string, files: readonly string[]): { path: string; variant: string } {
  const choice = process.env[CHOICE] || null;
  let best: { readonly path: string; readonly variant: string; readonly score: number } | undefined;
  let failure: unknown;
  for (const file of files) {
    const variant = variantOf(file);
    if (variant === undefined || (choice !== null && variant !== choice)) continue;
    const path = join(folder, file);
    try {
      const score = scoreOf(path);
      if (score > (best?.score ?? 0)) best = { path, variant, score };
    } catch (cause) {
      failure ??= cause;
    }
  }
  if (best !== undefined) return best;
  if (choice !== null) {
    const what = `ggml's library for ${JSON.stringify(choice)} is not there, or cannot run on this processor`;
    throw unavailable(what, `${CHOICE} asks for it: unset it, or name another`, failure);
  }
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
  return unavailable(`ggml's libraries do not load on this system: ${messageOf(cause)}`, ELSEWHERE, cause);
}

function unavailable(what: string, hint: string, cause?: unknown): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `the cpu executor is not available: ${what}`, { hint, cause });
}
