import type { ModelPlan } from '../architectures/index.js';
import { openDawn } from '../dawn.js';
import type { Checkpoint } from '../formats/index.js';
import type { CpuOptions } from './cpu/index.js';
import { createReferenceExecutor, type Executor } from './index.js';

/** An executor as Node loads it. To add one, write its folder and a row of {@link EXECUTOR_TABLE}. */
interface ExecutorEntry {
  /** The options that it accepts. */
  readonly takes: readonly (keyof CpuOptions)[];
  /** The packages whose versions its results depend on. */
  readonly packages: readonly string[];
  readonly create: (plan: ModelPlan, checkpoint: Checkpoint, options: CpuOptions) => Promise<Executor>;
  /**
   * Checks that it works on this machine.
   * @returns a description of what it runs on
   * @throws Error with the reason why it does not work
   */
  readonly examine: () => Promise<string>;
}

/**
 * Every executor by name. A runtime is imported only when its executor is used, so a missing one breaks nothing else.
 */
export const EXECUTOR_TABLE = {
  cpu: {
    takes: ['precision', 'threads'],
    packages: ['onnxruntime-node'],
    create: async (plan, checkpoint, options) => {
      const { createCpuExecutor } = await import('./cpu/index.js');
      return createCpuExecutor(plan, checkpoint, options);
    },
    examine: async () => (await import('./cpu/index.js')).examineCpu(),
  },
  gpu: {
    takes: ['precision'],
    packages: ['webgpu'],
    create: async (plan, checkpoint, options) => {
      const { createGpuExecutor } = await import('./gpu/index.js');
      return createGpuExecutor(await openDawn(), plan, checkpoint, options);
    },
    examine: async () => {
      const { describeGpu } = await import('./gpu/index.js');
      const found = await describeGpu(await openDawn());
      if (found === null) {
        throw new Error(
          'WebGPU finds no GPU. On Linux it needs the Vulkan loader (libvulkan1) and a Vulkan driver. If the system does not ' +
            "find them by itself, set VK_ADD_DRIVER_FILES to the driver's .json file and LD_LIBRARY_PATH to the folder of " +
            'libvulkan.so.1. If XDG_RUNTIME_DIR is not set, set it to a folder that you can write to',
        );
      }
      return found.isSoftware
        ? `${found.name}, a software GPU: slower than cpu, and never chosen by auto`
        : found.name;
    },
  },
  reference: {
    takes: [],
    packages: [],
    create: createReferenceExecutor,
    examine: async () => `node ${process.versions.node}`,
  },
} as const satisfies Readonly<Record<string, ExecutorEntry>>;

/** The name of an executor. */
export type ExecutorName = keyof typeof EXECUTOR_TABLE;

/** The names of all executors. */
export const EXECUTORS = Object.keys(EXECUTOR_TABLE) as readonly ExecutorName[];
