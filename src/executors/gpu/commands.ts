import type { Profiler } from './profiler.js';
import type { Step } from './step.js';

/** The workgroups of a dispatch in up to three dimensions. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** What a dispatch has to do at least. */
export interface Work {
  /** Bytes of weights and cache that it reads, counting each once. */
  readonly bytes: number;
  /**
   * Bytes of weights, cache and inputs of matrices that its threads load in all, from memory or from caches. A number that
   * threads in step load at once counts once.
   */
  readonly reads: number;
  /** Floating-point operations; a multiplication and an addition are two. */
  readonly flops: number;
}

export interface Dispatch {
  readonly kind: 'dispatch';
  readonly step: Step;
  /** The owner of the buffers; a step caches its bindings for each owner. */
  readonly owner: object;
  /** In the order of the kernel's bindings. */
  readonly buffers: readonly GPUBuffer[];
  readonly grid: Grid;
  readonly work: Work;
}

export interface Copy {
  readonly kind: 'copy';
  readonly from: GPUBuffer;
  readonly to: GPUBuffer;
  readonly bytes: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

export type Command = Dispatch | Copy;

const LITTLE: Work = { bytes: 0, reads: 0, flops: 0 };

/** The dispatches and copies of a pass, in order. They are data until {@link encode}, so that a pass can be cut. */
export class Commands {
  readonly all: Command[] = [];

  /** Adds a dispatch; its fields are those of {@link Dispatch}. */
  run(step: Step, owner: object, buffers: readonly GPUBuffer[], grid: Grid, work = LITTLE): void {
    this.all.push({ kind: 'dispatch', step, owner, buffers, grid, work });
  }

  copy(from: GPUBuffer, to: GPUBuffer, bytes: number, toOffset = 0, fromOffset = 0): void {
    this.all.push({ kind: 'copy', from, to, bytes, fromOffset, toOffset });
  }
}

/**
 * Encodes commands.
 * @param profiler times every dispatch; null: no timing, and consecutive dispatches share a compute pass
 */
export function encode(
  commands: readonly Command[],
  encoder: GPUCommandEncoder,
  profiler: Profiler | null = null,
): void {
  let open: GPUComputePassEncoder | null = null;
  const end = (): void => {
    open?.end();
    open = null;
  };
  for (const command of commands) {
    if (command.kind === 'copy') {
      end();
      const { from, fromOffset, to, toOffset, bytes } = command;
      encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
      continue;
    }
    const { step, owner, buffers, grid, work } = command;
    open ??= encoder.beginComputePass(
      profiler ? { timestampWrites: profiler.next(step.name, work.bytes) } : {},
    );
    open.setPipeline(step.program.pipeline);
    open.setBindGroup(0, step.group(owner, buffers));
    const [x, y = 1, z = 1] = grid;
    open.dispatchWorkgroups(x, y, z);
    if (profiler) end();
  }
  end();
}
