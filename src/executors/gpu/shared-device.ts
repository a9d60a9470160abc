import { HoldfastError, IN_BROWSER, messageOf } from '../../errors.js';

/** The GPU that WebGPU uses. */
export interface GpuFound {
  /** Vendor, architecture and driver, for display. */
  readonly name: string;
  /** Whether it is a software GPU: a program that runs on the CPU. */
  readonly isSoftware: boolean;
  /** Widths of its subgroups; null if it has none, or WGSL here does not tell threads which subgroup they are in. */
  readonly subgroup: SubgroupSizes | null;
}

/** The bounds of a subgroup's width, powers of two. A driver may choose a width between them for each program. */
export interface SubgroupSizes {
  readonly smallest: number;
  readonly largest: number;
}

/** Returns the adapter that the system prefers, or null if there is none. */
export async function describeGpu(gpu: GPU): Promise<GpuFound | null> {
  const adapter = await gpu.requestAdapter(ADAPTER);
  return adapter && foundIn(gpu, adapter);
}

const ADAPTER: GPURequestAdapterOptions = { powerPreference: 'high-performance' };

function foundIn(gpu: GPU, { info, features }: GPUAdapter): GpuFound {
  const { vendor, architecture, description, isFallbackAdapter } = info;
  const name = [vendor, architecture, description].filter((part) => part !== '').join(' ');
  // The builtin `subgroup_id` was added to WGSL later than subgroups themselves.
  const hasSubgroups = features.has('subgroups') && (gpu.wgslLanguageFeatures?.has('subgroup_id') ?? false);
  const subgroup = hasSubgroups ? { smallest: info.subgroupMinSize, largest: info.subgroupMaxSize } : null;
  return { name, isSoftware: isFallbackAdapter, subgroup };
}

/** One program of the device. */
export interface Program {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  /** The program's binding numbers, ascending. */
  readonly bindings: readonly number[];
}

/** A WebGPU device, shared by all models on it, so that each program is compiled only once. */
export interface SharedDevice {
  readonly device: GPUDevice;
  /** Kept alive: Dawn stops working if the adapter is garbage-collected. */
  readonly adapter: GPUAdapter;
  readonly found: GpuFound;
  /** Compiled programs, and those being compiled, keyed by their text. */
  readonly programs: Map<string, Promise<Program>>;
  /** Why the device was lost; null if it was not. */
  lost: string | null;
  /** Measurements for profiles: the memory bandwidth in bytes per second; null until measured. */
  readonly measured: { bandwidth: number | null };
}

const shared = new WeakMap<GPU, Promise<SharedDevice>>();

/**
 * Returns the device of the adapter that the system prefers. Opens it on the first call, and again after it was lost.
 * @throws HoldfastError `E_EXECUTOR` if there is no adapter, or it provides no device
 */
export function sharedDevice(gpu: GPU): Promise<SharedDevice> {
  const known = shared.get(gpu);
  if (known !== undefined) return known;
  const opening = openShared(gpu);
  shared.set(gpu, opening);
  opening.catch(() => shared.delete(gpu));
  return opening;
}

async function openShared(gpu: GPU): Promise<SharedDevice> {
  const adapter = await gpu.requestAdapter(ADAPTER);
  if (adapter === null) {
    throw new HoldfastError('E_EXECUTOR', 'WebGPU finds no GPU', {
      hint: IN_BROWSER
        ? `Turn on graphics acceleration in the browser's settings, or use ${OTHER_EXECUTOR}`
        : `Run holdfast doctor to see what is missing, or use ${OTHER_EXECUTOR}`,
    });
  }
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const requiredFeatures = (['subgroups', 'timestamp-query'] as const).filter((name) =>
    adapter.features.has(name),
  );
  const device = await adapter
    // Request these limits: WebGPU's defaults are those of small phones.
    .requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize }, requiredFeatures })
    .catch((cause: unknown) => {
      throw deviceError('the GPU provides no device', cause);
    });
  const opened: SharedDevice = {
    device,
    adapter,
    found: foundIn(gpu, adapter),
    programs: new Map(),
    lost: null,
    measured: { bandwidth: null },
  };
  device.lost.then(({ message, reason }) => {
    opened.lost = message || reason;
    shared.delete(gpu);
  });
  return opened;
}

/** What runs models without a GPU. */
export const OTHER_EXECUTOR = IN_BROWSER ? 'the reference executor, which needs no GPU' : 'the cpu executor';

/** Converts an error of a device to a `HoldfastError`. */
export function deviceError(what: string, cause: unknown): HoldfastError {
  const said = messageOf(cause);
  return new HoldfastError('E_EXECUTOR', `${what}: ${said}`, {
    hint: IN_BROWSER
      ? `Reload the page, update the browser or the driver of the GPU, or use ${OTHER_EXECUTOR}`
      : `Run holdfast doctor to see what WebGPU finds here, or use ${OTHER_EXECUTOR}`,
    cause,
  });
}
