import type { Profiler } from './profiler.js';
import type { Step } from './step.js';

/** Workgroups of a dispatch in up to three directions. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** Writes a pass's dispatches and copies down, in order. */
export class Recorder {
  #open: GPUComputePassEncoder | null = null;

  /** @param profiler times every dispatch; null: they follow each other as closely as they can */
  constructor(
    private readonly encoder: GPUCommandEncoder,
    private readonly profiler: Profiler | null = null,
  ) {}

  /**
   * @param owner whose buffers they are, of those that a step is run with in turn
   * @param buffers in the order of the kernel's bindings
   * @param bytes of weights and cache that it reads, each once, for the profile
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
