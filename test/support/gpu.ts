import { openDawn } from '../../src/dawn.js';
import { HoldfastError } from '../../src/errors.js';
import { createGpuExecutor, describeGpu, type GpuFound, type Tuning } from '../../src/executors/gpu/index.js';
import type { Executor } from '../../src/executors/index.js';
import type { OpenedModel } from '../conformance/fixtures.js';

/** Whether Deno runs the tests, see scripts/test-deno.mjs. */
export const inDeno = 'Deno' in globalThis;

/** Returns the WebGPU of the runtime: Deno's own, or Dawn's in Node. */
export const openGpu = async (): Promise<GPU> => (inDeno ? navigator.gpu : await openDawn());

/** The adapter for tests of the gpu executor; null if there is none. */
export const gpuFound: GpuFound | null = await find();

async function find(): Promise<GpuFound | null> {
  try {
    return await describeGpu(await openGpu());
  } catch (error) {
    // Dawn is not available on this platform. Any other error is a failure.
    if (error instanceof HoldfastError && error.code === 'E_EXECUTOR') return null;
    throw error;
  }
}

/**
 * Returns whether there is no adapter for tests of the gpu executor. If so, prints why: a test that is skipped names no
 * reason.
 */
export function hasNoGpu(): boolean {
  if (gpuFound === null) tellOnce('WebGPU finds no GPU (docs/testing.md, "Two WebGPUs")');
  return gpuFound === null;
}

/**
 * Returns the same, but true also for Dawn on a software GPU. Deno's software GPU is ten times as fast and runs these
 * tests.
 */
export function hasNoFastGpu(): boolean {
  const isSlow = !inDeno && gpuFound?.isSoftware === true;
  if (isSlow) {
    tellOnce(`${gpuName} in Node is a slow software GPU; run them in Deno: npm run test:deno -- FILE`);
  }
  return isSlow || hasNoGpu();
}

const told = new Set<string>();

function tellOnce(reason: string): void {
  if (!told.has(reason)) console.log(`tests on the GPU are skipped: ${reason}`);
  told.add(reason);
}

/** The adapter's name, for test titles, so that a test report shows what the tests ran on. */
export const gpuName = gpuFound === null ? 'no adapter' : gpuFound.name;

/** Returns a GPU whose adapters have some properties changed. An adapter gives one device, so each request gets a new one. */
export async function changedGpu(change: (adapter: GPUAdapter) => object): Promise<GPU> {
  const gpu = await openGpu();
  const requestAdapter = async (): Promise<GPUAdapter> => {
    const adapter = (await gpu.requestAdapter())!;
    return withChanges(adapter, change(adapter));
  };
  return { requestAdapter } as unknown as GPU;
}

/** The real device of {@link deviceOfFile}, and its compiled programs by their text. */
let shared: Promise<GPUDevice> | null = null;
const modules = new Map<string, GPUShaderModule>();
const pipelines = new Map<GPUShaderModule, Promise<GPUComputePipeline>>();

/**
 * Returns a GPU whose device and adapter have some properties changed. All of a file's are one real device, so that each program
 * is compiled once.
 */
export const deviceOfFile = (
  change: (device: GPUDevice) => object = () => ({}),
  ofAdapter: object = {},
): Promise<GPU> =>
  changedGpu((adapter) => ({
    ...ofAdapter,
    async requestDevice(descriptor: GPUDeviceDescriptor) {
      shared ??= adapter.requestDevice(descriptor);
      const device = await shared;
      const createShaderModule = (shader: GPUShaderModuleDescriptor): GPUShaderModule => {
        const known = modules.get(shader.code) ?? device.createShaderModule(shader);
        modules.set(shader.code, known);
        return known;
      };
      const createComputePipelineAsync = (
        wanted: GPUComputePipelineDescriptor,
      ): Promise<GPUComputePipeline> => {
        const { module } = wanted.compute;
        const known = pipelines.get(module) ?? device.createComputePipelineAsync(wanted);
        pipelines.set(module, known);
        return known;
      };
      return withChanges(device, { createShaderModule, createComputePipelineAsync, ...change(device) });
    },
  }));

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

/** Returns a function that makes executors with a tuning. */
export const tuned =
  (tuning: Tuning) =>
  async ({ plan, files }: OpenedModel): Promise<Executor> =>
    createGpuExecutor(await deviceOfFile(), plan, files.checkpoint, { precision: 'f32', tuning });

/** Makes an executor with the tuning that users get on this adapter: another one on a GPU than on a software GPU. */
export const asForUsers = async ({ plan, files }: OpenedModel): Promise<Executor> =>
  createGpuExecutor(await deviceOfFile(), plan, files.checkpoint, { precision: 'f32' });
