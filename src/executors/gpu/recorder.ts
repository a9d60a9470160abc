import type { Step } from './step.js';

/** Writes a pass's dispatches and copies down, in order. */
export class Recorder {
  #open: GPUComputePassEncoder | null = null;

  constructor(private readonly encoder: GPUCommandEncoder) {}

  /**
   * @param owner whose buffers they are, of those that a step is run with in turn
   * @param buffers in the order of the kernel's bindings
   * @param grid workgroups
   */
  run(
    step: Step,
    owner: object,
    buffers: readonly GPUBuffer[],
    ...[x, y = 1, z = 1]: readonly [x: number, y?: number, z?: number]
  ): void {
    this.#open ??= this.encoder.beginComputePass();
    this.#open.setPipeline(step.program.pipeline);
    this.#open.setBindGroup(0, step.group(owner, buffers));
    this.#open.dispatchWorkgroups(x, y, z);
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
