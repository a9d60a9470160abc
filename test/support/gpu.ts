import { openDawn } from '../../src/dawn.js';
import { HoldfastError } from '../../src/errors.js';
import { describeGpu, type GpuFound } from '../../src/executors/gpu/index.js';

/** The adapter that tests of the gpu executor run on; null: none, and they are skipped. */
export const gpuFound: GpuFound | null = await find();

async function find(): Promise<GpuFound | null> {
  try {
    return await describeGpu(await openDawn());
  } catch (error) {
    // A platform that Dawn is not built for; anything else is a failure of ours.
    if (error instanceof HoldfastError && error.code === 'E_EXECUTOR') return null;
    throw error;
  }
}

/** In the names of tests, so that it stands in their report what they ran on. */
export const gpuName = gpuFound === null ? 'no adapter' : gpuFound.name;

/** The real adapter, with what it says or gives changed. */
export async function changedGpu(change: (adapter: GPUAdapter) => object): Promise<GPU> {
  const adapter = (await (await openDawn()).requestAdapter())!;
  const seen = withChanges(adapter, change(adapter));
  return { requestAdapter: async () => seen } as unknown as GPU;
}

/** An object of WebGPU, with some of its properties changed. */
export function withChanges<Kind extends object>(real: Kind, changes: object): Kind {
  return new Proxy(real, {
    get(real, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name);
      const value: unknown = Reflect.get(real, name);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}
