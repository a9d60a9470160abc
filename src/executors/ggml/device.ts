import { HoldfastError } from '../../errors.js';
import {
  type Address,
  type BufferType,
  type Context,
  callWithPointer,
  type Ggml,
  readPointers,
  type Tensor,
} from './bindings.js';
import { type BackendName, type Library, loadLibrary } from './library.js';

/** Bytes of `struct ggml_context` and rounding, beside the descriptions of tensors. */
export const CONTEXT_OVERHEAD = 4096;

/** A device of ggml, and what it can do. */
export class Device {
  readonly ggml: Ggml;
  /** Where its tensors lie, unless something else is said. */
  readonly bufferType: BufferType;

  protected constructor(protected readonly library: Library) {
    this.ggml = library.ggml;
    this.bufferType = this.ggml.bufferTypeOf(library.device);
  }

  /** @throws HoldfastError `E_EXECUTOR` if ggml is not available here */
  static load(name: BackendName): Device {
    return new Device(loadLibrary(name));
  }

  /** The processor's library that runs, such as `zen4`; or the name of the device. */
  get variant(): string {
    return this.library.variant;
  }

  /** Whether it is the processor, whose kernels read any memory: mapped files, and operands with gaps. */
  get isProcessor(): boolean {
    return this.library.cpu !== null;
  }

  /** Free memory of the device, in bytes. */
  get freeMemory(): number {
    const sizes = new BigUint64Array(2);
    this.ggml.memoryOf(this.library.device, sizes, sizes.subarray(1));
    return Number(sizes[0]);
  }

  /** A context for the descriptions of `tensors` tensors, and of a graph with `nodes` operations. */
  context(tensors: number, nodes = 0): Context {
    const { ggml } = this;
    const graph = nodes === 0 ? 0 : ggml.graphOverhead(nodes, false);
    const context = ggml.newContext(CONTEXT_OVERHEAD + tensors * ggml.tensorOverhead() + graph);
    if (context === null) throw outOfMemory('the description of a graph');
    return context;
  }

  /** Types of buffers in which the processor's kernels keep weights in an order of their own. */
  repackingTypes(): BufferType[] {
    const { ggml } = this;
    const { device, cpu } = this.library;
    if (cpu === null) return [];
    const list = ggml.procedure(ggml.registryOf(device), 'ggml_backend_dev_get_extra_bufts');
    return list === null ? [] : (readPointers(callWithPointer(list, device as Address)) as BufferType[]);
  }

  /** Whether the device can run an operation with its operands in the buffers that they have. */
  supports(operation: Tensor): boolean {
    return this.ggml.supports(this.library.device, operation);
  }

  /** Whether the device can run an operation, which is described for the question and never run. */
  couldRun(describe: (ggml: Ggml, context: Context) => Tensor): boolean {
    const context = this.context(8);
    try {
      return this.supports(describe(this.ggml, context));
    } finally {
      this.ggml.freeContext(context);
    }
  }
}

export function outOfMemory(what: string): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `there is not enough memory for ${what}`, {
    hint: 'Run holdfast inspect to see how much memory the model needs, or take a smaller --context',
  });
}
