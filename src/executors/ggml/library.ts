import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import { bindCpu, bindGgml, type DeviceHandle, type Ggml, type GgmlCpu } from './bindings.js';

/** The version of ggml whose declarations `bindings.ts` holds. Another could lay out its structs differently. */
const VERSION = '0.25.1';

/** The package with ggml's libraries for each platform, as Node names it. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin arm64': 'mac-arm64-metal',
  'win32 x64': 'win-x64',
};

/** `enum ggml_backend_dev_type` */
const CPU_DEVICE = 0;

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
 * @throws HoldfastError `E_EXECUTOR` if they are not installed, do not load on this system or have another version
 */
export function loadLibrary(): Library {
  loaded ??= open(libraryFolder());
  return loaded;
}

function libraryFolder(): string {
  const platform = `${process.platform} ${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) throw unavailable(`ggml's libraries are not published for ${platform}`);
  const packageName = `@node-llama-cpp/${name}`;
  try {
    const entry = createRequire(import.meta.url).resolve(packageName);
    return join(dirname(entry), '..', 'bins', name);
  } catch (cause) {
    throw unavailable(`ggml's libraries are not installed: there is no package ${packageName}`, cause);
  }
}

function open(folder: string): Library {
  const files = readdirSync(folder);
  const find = (pattern: RegExp): string => {
    const file = files.find((name) => pattern.test(name));
    if (file === undefined) throw unavailable(`${folder} has no library like ${pattern.source}`);
    return join(folder, file);
  };
  let ggml: Ggml;
  try {
    ggml = bindGgml(
      find(/^(?:lib)?ggml-base\.(?:so|dylib|dll)$/),
      find(/^(?:lib)?ggml(?:\.[\w.]+)?\.(?:so|dylib|dll)$/),
    );
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw unavailable(`ggml's libraries do not load on this system: ${(cause as Error).message}`, cause);
  }
  if (ggml.version() !== VERSION) {
    throw unavailable(`ggml has version ${ggml.version()}, but this executor is written for ${VERSION}`);
  }
  // Its messages are of no use to a user, and a callback into JavaScript from its threads is not possible.
  ggml.setLog(ggml.doNothing, null);
  ggml.loadBackends(folder);
  const device = Array.from({ length: ggml.deviceCount() }, (_, i) => ggml.device(i)).find(
    (device) => ggml.deviceType(device) === CPU_DEVICE,
  );
  if (device === undefined) throw unavailable('ggml finds no library for this processor');
  const path = loadedCpuLibrary(files, folder);
  return { ggml, cpu: bindCpu(path.file), device, variant: path.variant };
}

/**
 * Returns the CPU library that ggml's registry has loaded. It scores all of them for this processor and does not say
 * which it chose, so the process's memory map is read; a platform with one library needs no such question.
 */
function loadedCpuLibrary(files: readonly string[], folder: string): { file: string; variant: string } {
  const named = files.flatMap((file) => {
    const variant = /^(?:lib)?ggml-cpu(?:-([\w.]+))?\.(?:so|dylib|dll)$/.exec(file);
    return variant === null ? [] : [{ file: join(folder, file), variant: variant[1] ?? process.arch }];
  });
  const [only] = named;
  if (named.length === 1) return only!;
  const maps = process.platform === 'linux' ? readFileSync('/proc/self/maps', 'utf8') : '';
  const chosen = named.find(({ file }) => maps.includes(`${file}\n`));
  if (chosen === undefined)
    throw unavailable('it is not known which of ggml’s processor libraries was loaded');
  return chosen;
}

function unavailable(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `the cpu executor is not available: ${what}`, {
    hint: 'Use --executor onnx (npm install onnxruntime-node) or --executor reference. holdfast doctor says what works here',
    cause,
  });
}
