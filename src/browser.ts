import { planModel } from './architectures/index.js';
import type { Model } from './engine/index.js';
import { HoldfastError } from './errors.js';
import type { createGpuExecutor, GpuOptions } from './executors/gpu/index.js';
import { createReferenceExecutor, type Executor } from './executors/index.js';
import { type Fetch, memorySource, openSafetensors } from './formats/index.js';
import { sha256 } from './hash.js';
import { readSideFiles } from './hub/side-files.js';
import { lazyText } from './model-text.js';
import { tellNotes } from './notes.js';
import { decodeUtf8 } from './utf8.js';

/** The part of Holdfast that runs in a browser: dialogues and their shares, on the browser's WebGPU. */
export * from './library.js';

/** Options of `fetchModel`. */
export interface FetchOptions extends GpuOptions {
  /** `gpu` runs on WebGPU; `reference` is plain TypeScript: slow, exact, and in every browser. Default: `gpu`. */
  readonly executor?: 'gpu' | 'reference';
  /** Default: the browser's. */
  readonly gpu?: GPU;
  /** Default: the browser's. */
  readonly fetch?: Fetch;
}

/**
 * Fetches a model's folder (`model.safetensors` and the files beside it) and loads the model, onto the GPU by default.
 * @param folder its URL, without a trailing slash
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, `E_EXECUTOR` if the browser has no WebGPU, and what opening,
 * planning and the executor throw
 */
export async function fetchModel(
  folder: string,
  { executor: chosen = 'gpu', gpu = browserGpu(), fetch = globalThis.fetch, ...options }: FetchOptions = {},
): Promise<Model> {
  if (chosen === 'gpu' && gpu === undefined) {
    throw new HoldfastError('E_EXECUTOR', 'this browser has no WebGPU', {
      hint: 'Use a browser with WebGPU and serve the page from localhost or over HTTPS, or use the reference executor, which needs no GPU',
    });
  }
  const addressOf = (name: string): string => `${folder}/${name}`;
  /** Fetches a file; null if it does not exist. */
  const get = async (name: string): Promise<Uint8Array<ArrayBuffer> | null> => {
    const file = addressOf(name);
    let status: number;
    try {
      const response = await fetch(file, {});
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      status = response.status;
    } catch (cause) {
      throw new HoldfastError('E_UNREADABLE', `it cannot be fetched: ${String(cause)}`, { file, cause });
    }
    if (status === 404) return null;
    throw new HoldfastError('E_UNREADABLE', `the server answered ${status}`, { file });
  };
  const bytes = await get('model.safetensors');
  if (bytes === null) {
    throw new HoldfastError('E_NOT_FOUND', 'there is no such file', { file: addressOf('model.safetensors') });
  }
  const side = await readSideFiles(async (name) => {
    const found = await get(name);
    return found === null ? undefined : decodeUtf8(found, addressOf(name));
  }, addressOf);
  const checkpoint = await openSafetensors(memorySource(bytes, addressOf('model.safetensors')));
  const files = { ...side, checkpoint, name: folder };
  const plan = await planModel(checkpoint, side.config);
  tellNotes(plan.notes);
  const executor =
    chosen === 'gpu'
      ? await openGpu(gpu!, plan, checkpoint, options) // checked above
      : await createReferenceExecutor(plan, checkpoint);
  const text = lazyText(files);
  return {
    name: folder,
    executor,
    get tokenizer() {
      return text.tokenizer;
    },
    get format() {
      return text.format;
    },
    hash: () => sha256(bytes),
    dispose: () => executor.dispose(),
  };
}

/** Creates the executor on WebGPU. Its programs are loaded only by browsers that have one. */
async function openGpu(...made: Parameters<typeof createGpuExecutor>): Promise<Executor> {
  const gpu = await import('./executors/gpu/index.js');
  return gpu.createGpuExecutor(...made);
}

/** Returns the browser's GPU; undefined in a browser without WebGPU and on a page that is not served securely. */
function browserGpu(): GPU | undefined {
  return (globalThis.navigator as Navigator | undefined)?.gpu;
}
