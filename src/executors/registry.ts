import type { ModelPlan } from '../architectures/index.js';
import { openDawn } from '../dawn.js';
import { HoldfastError, messageOf } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import { blockHolder, type Holder } from './contract/index.js';
import type { BackendName } from './ggml/index.js';
import { createReferenceExecutor, type Executor, type ExecutorOptions, type Precision } from './index.js';

/** An executor as Node loads it. To add one, write its folder and a row of {@link EXECUTOR_TABLE}. */
export interface ExecutorEntry {
  /** The options that it accepts. One that runs its sequences one by one is batch invariant by nature. */
  readonly takes: readonly (keyof ExecutorOptions)[];
  /** Whether concurrent calls of `forward` run as one batch; else one after the other. */
  readonly batches: boolean;
  /**
   * The packages whose versions its results depend on. A scope stands for the one of its packages that fits the
   * platform, so that results have the same address on every platform.
   */
  readonly packages: readonly string[];
  readonly create: (plan: ModelPlan, checkpoint: Checkpoint, options: ExecutorOptions) => Promise<Executor>;
  /**
   * Says how it would hold a model. One without it stores all weights as f32.
   * @throws HoldfastError `E_EXECUTOR` if this cannot be found without a library that is missing here
   */
  readonly holder?: (plan: ModelPlan, checkpoint: Checkpoint, precision: Precision) => Promise<Holder>;
  /**
   * Checks that it works on this machine.
   * @returns a description of what it runs on
   * @throws Error with the reason why it does not work; `NotInstalled` if a package is missing that is optional
   */
  readonly examine: () => Promise<string>;
}

/**
 * The row of an executor on ggml.
 * @param batches false where no device has shown yet that a sequence has the same bits in every batch
 */
function onGgml<const Takes extends readonly (keyof ExecutorOptions)[]>(
  name: BackendName,
  takes: Takes,
  batches: boolean,
): ExecutorEntry & { readonly takes: Takes } {
  return {
    ...{ takes, batches },
    packages: ['@node-llama-cpp'],
    create: async (plan, checkpoint, options) => {
      const { createGgmlExecutor } = await openGgml();
      return createGgmlExecutor(plan, checkpoint, options, name);
    },
    holder: async (...model) => {
      const { ggmlHolder } = await openGgml();
      return ggmlHolder(name, ...model);
    },
    examine: async () => {
      const { examineGgml } = await openGgml();
      return examineGgml(name);
    },
  };
}

/**
 * Every executor by name. A runtime is imported only when its executor is used, so a missing one breaks nothing else.
 */
export const EXECUTOR_TABLE = {
  cpu: onGgml('cpu', ['precision', 'threads', 'batchInvariant'], true),
  onnx: {
    takes: ['precision', 'threads', 'batchInvariant'],
    batches: false,
    packages: ['onnxruntime-node'],
    create: async (plan, checkpoint, options) => {
      const { createOnnxExecutor } = await import('./onnx/index.js');
      return createOnnxExecutor(plan, checkpoint, options);
    },
    holder: async (...model) => blockHolder(...model, { halves: false, activations: '8 bits' }),
    examine: async () => (await import('./onnx/index.js')).examineOnnx(),
  },
  gpu: {
    takes: ['precision', 'batchInvariant'],
    batches: false,
    packages: ['webgpu'],
    create: async (plan, checkpoint, options) => {
      const { createGpuExecutor } = await import('./gpu/index.js');
      return createGpuExecutor(await openDawn(), plan, checkpoint, options);
    },
    holder: async (...model) => blockHolder(...model, { halves: true, activations: null }),
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
  'ggml-vulkan': onGgml('ggml-vulkan', ['precision', 'batchInvariant'], false),
  'ggml-cuda': onGgml('ggml-cuda', ['precision', 'batchInvariant'], false),
  'ggml-metal': onGgml('ggml-metal', ['precision', 'batchInvariant'], false),
  reference: {
    takes: ['batchInvariant'],
    batches: false,
    packages: [],
    create: createReferenceExecutor,
    examine: async () => `node ${process.versions.node}`,
  },
} as const satisfies Readonly<Record<string, ExecutorEntry>>;

/** Imports the executor on ggml. @throws HoldfastError `E_EXECUTOR` if koffi, which calls ggml, does not load here */
async function openGgml(): Promise<
  Pick<typeof import('./ggml/index.js'), 'createGgmlExecutor' | 'examineGgml' | 'ggmlHolder'>
> {
  try {
    const { createGgmlExecutor, examineGgml, ggmlHolder } = await import('./ggml/index.js');
    return { createGgmlExecutor, examineGgml, ggmlHolder };
  } catch (cause) {
    const why = messageOf(cause);
    throw new HoldfastError('E_EXECUTOR', `the cpu executor is not available: koffi does not load: ${why}`, {
      hint: 'Use --executor onnx or --executor reference. holdfast doctor says what works here',
      cause,
    });
  }
}

/** The name of an executor. */
export type ExecutorName = keyof typeof EXECUTOR_TABLE;

/** The names of all executors. */
export const EXECUTORS = Object.keys(EXECUTOR_TABLE) as readonly ExecutorName[];

/** The names of the executors that take a precision. */
export type PreciseExecutor = {
  [Name in ExecutorName]: 'precision' extends (typeof EXECUTOR_TABLE)[Name]['takes'][number] ? Name : never;
}[ExecutorName];

/** The executors that take a precision, and so store weights in forms of their own. */
export const PRECISE_EXECUTORS: readonly PreciseExecutor[] = EXECUTORS.filter(
  (name): name is PreciseExecutor => takesOption(name, 'precision'),
);

/** Returns whether an executor accepts an option. */
export function takesOption(name: ExecutorName, option: keyof ExecutorOptions): boolean {
  const { takes }: ExecutorEntry = EXECUTOR_TABLE[name];
  return takes.includes(option);
}

/** Returns the row of an executor. @throws HoldfastError `E_EXECUTOR` if the table has no such name */
export function executorEntry(name: string): ExecutorEntry {
  const known = EXECUTORS.find((executor) => executor === name);
  if (known !== undefined) return EXECUTOR_TABLE[known];
  throw new HoldfastError('E_EXECUTOR', `"${name}" is not an executor`, {
    hint: `Known: ${EXECUTORS.join(', ')}`,
  });
}
