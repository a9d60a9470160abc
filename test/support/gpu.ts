import { openDawn } from '../../src/dawn.js';
import { HoldfastError } from '../../src/errors.js';
import { describeGpu, type GpuFound } from '../../src/executors/gpu/index.js';

/** The adapter for tests of the gpu executor; null if there is none, in which case they are skipped. */
export const gpuFound: GpuFound | null = await find();

async function find(): Promise<GpuFound | null> {
  try {
    return await describeGpu(await openDawn());
  } catch (error) {
    // Dawn is not available on this platform. Any other error is a failure.
    if (error instanceof HoldfastError && error.code === 'E_EXECUTOR') return null;
    throw error;
  }
}

/** The adapter's name, for test titles, so that a test report shows what the tests ran on. */
export const gpuName = gpuFound === null ? 'no adapter' : gpuFound.name;

/** Returns a GPU whose adapter has some properties changed. */
export async function changedGpu(change: (adapter: GPUAdapter) => object): Promise<GPU> {
  const adapter = (await (await openDawn()).requestAdapter())!;
  const seen = withChanges(adapter, change(adapter));
  return { requestAdapter: async () => seen } as unknown as GPU;
}

/** Returns a WebGPU object with some properties changed. */
export function withChanges<Kind extends object>(real: Kind, changes: object): Kind {
  return new Proxy(real, {
    get(real, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name);
      const value: unknown = Reflect.get(real, name);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}
