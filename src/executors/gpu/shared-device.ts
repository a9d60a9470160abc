import { HoldfastError } from '../../errors.js';

/** The GPU that WebGPU would take. */
export interface GpuFound {
  /** Vendor, architecture and driver, for people. */
  readonly name: string;
  /** Whether it is a program on the processor. */
  readonly isSoftware: boolean;
  /** Threads that run side by side; null where they cannot hand values to each other, or do not know their place. */
  readonly subgroup: SubgroupSizes | null;
}

/** A driver may choose a width between these, powers of two, for each program anew. */
export interface SubgroupSizes {
  readonly smallest: number;
  readonly largest: number;
}

/** The adapter that the system prefers; null when there is none. */
export async function describeGpu(gpu: GPU): Promise<GpuFound | null> {
  const adapter = await gpu.requestAdapter(ADAPTER);
  return adapter && foundIn(gpu, adapter);
}

const ADAPTER: GPURequestAdapterOptions = { powerPreference: 'high-performance' };

function foundIn(gpu: GPU, { info, features }: GPUAdapter): GpuFound {
  const { vendor, architecture, description, isFallbackAdapter } = info;
  const name = [vendor, architecture, description].filter((part) => part !== '').join(' ');
  // Threads are told their place in a subgroup by a later addition to the language.
  const hasSubgroups = features.has('subgroups') && (gpu.wgslLanguageFeatures?.has('subgroup_id') ?? false);
  const subgroup = hasSubgroups ? { smallest: info.subgroupMinSize, largest: info.subgroupMaxSize } : null;
  return { name, isSoftware: isFallbackAdapter, subgroup };
}

/** One program of the device. */
export interface Program {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  /** Binding numbers, ascending, that the program has. */
  readonly bindings: readonly number[];
}

/** A device of WebGPU, shared by all models on it: what was compiled for one is there for the next. */
export interface SharedDevice {
  readonly device: GPUDevice;
  /** Held: Dawn does not outlive an adapter that was collected. */
  readonly adapter: GPUAdapter;
  readonly found: GpuFound;
  /** By their texts. */
  readonly programs: Map<string, Program>;
  /** Why it was lost; null while it is there. */
  lost: string | null;
  /** What was measured of it for profiles: bytes a second that it reads from its memory; null before. */
  readonly measured: { bandwidth: number | null };
}

const shared = new WeakMap<GPU, Promise<SharedDevice>>();

/**
 * The device of the adapter that the system prefers, opened when it is first asked for, and again after it was lost.
 * @throws HoldfastError `E_EXECUTOR` when there is no adapter, or it gives no device
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
    throw new HoldfastError('E_EXECUTOR', 'there is no GPU that WebGPU can use', {
      hint: 'holdfast doctor says what is missing; the cpu executor needs none',
    });
  }
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const requiredFeatures = (['subgroups', 'timestamp-query'] as const).filter((name) =>
    adapter.features.has(name),
  );
  const device = await adapter
    // The limits that are not asked for are those of the smallest phone.
    .requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize }, requiredFeatures })
    .catch((cause: unknown) => {
      throw deviceError('the GPU gives no device', cause);
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

/** What a device said, as an error of ours. */
export function deviceError(what: string, cause: unknown): HoldfastError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_EXECUTOR', `${what}: ${said}`, {
    hint: 'holdfast doctor says what WebGPU finds here; the cpu executor needs none of it',
    cause,
  });
}
