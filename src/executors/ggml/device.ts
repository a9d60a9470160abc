import { HoldfastError } from '../../errors.js';
import {
  type Address,
  type BufferType,
  callWithPointer,
  type Ggml,
  readPointers,
  type Tensor,
} from './bindings.js';
import { GraphBuilder } from './graph-builder.js';
import { type BackendName, type Library, loadLibrary } from './library.js';
import { TensorContext, type Value } from './tensor.js';

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
  context(tensors: number, nodes = 0): TensorContext {
    const { ggml } = this;
    const graph = nodes === 0 ? 0 : ggml.graphOverhead(nodes, false);
    const context = ggml.newContext(CONTEXT_OVERHEAD + tensors * ggml.tensorOverhead() + graph);
    if (context === null) throw outOfMemory('the description of a graph');
    return new TensorContext(ggml, context, tensors);
  }

  /** A builder for a graph of at most `nodes` tensors, inputs and views included, in a context of its own. */
  graph(nodes: number): { readonly builder: GraphBuilder; readonly context: TensorContext } {
    const context = this.context(nodes, nodes);
    return { builder: new GraphBuilder(context, nodes, this.isProcessor), context };
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

  /**
   * Whether the device can run an operation, which is described for the question and never run.
   * @param describe makes at most 8 tensors
   */
  couldRun(describe: (g: GraphBuilder, context: TensorContext) => Value): boolean {
    const { builder, context } = this.graph(8);
    try {
      return this.supports(describe(builder, context).tensor);
    } finally {
      context.free();
    }
  }
}

export function outOfMemory(what: string): HoldfastError {
  return new HoldfastError('E_EXECUTOR', `there is not enough memory for ${what}`, {
    hint: 'Run holdfast inspect to see how much memory the model needs, or take a smaller --context',
  });
}
