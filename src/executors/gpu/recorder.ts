import type { Profiler } from './profiler.js';
import type { Step } from './step.js';

/** The workgroups of a dispatch in up to three dimensions. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** Records the dispatches and copies of a pass, in order. */
export class Recorder {
  #open: GPUComputePassEncoder | null = null;

  /** @param profiler times every dispatch; null: no timing, and all dispatches share a compute pass */
  constructor(
    private readonly encoder: GPUCommandEncoder,
    private readonly profiler: Profiler | null = null,
  ) {}

  /**
   * Records a dispatch.
   * @param owner the owner of the buffers; a step caches its bindings for each owner
   * @param buffers in the order of the kernel's bindings
   * @param bytes bytes of weights and cache that it reads, counting each once, for the profile
   */
  run(step: Step, owner: object, buffers: readonly GPUBuffer[], [x, y = 1, z = 1]: Grid, bytes = 0): void {
    this.#open ??= this.encoder.beginComputePass(
      this.profiler ? { timestampWrites: this.profiler.next(step.name, bytes) } : {},
    );
    this.#open.setPipeline(step.program.pipeline);
    this.#open.setBindGroup(0, step.group(owner, buffers));
    this.#open.dispatchWorkgroups(x, y, z);
    if (this.profiler) this.end();
  }

  copy(from: GPUBuffer, to: GPUBuffer, bytes: number, toOffset = 0): void {
    this.end();
    this.encoder.copyBufferToBuffer(from, 0, to, toOffset, bytes);
  }

  end(): void {
    this.#open?.end();
    this.#open = null;
  }
}
