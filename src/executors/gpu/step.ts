import type { Device } from './device.js';
import type { Program } from './shared-device.js';

/** A program in one place of the model, with the bindings that it was last run with. */
export class Step {
  readonly #bound = new WeakMap<
    object,
    { readonly buffers: readonly GPUBuffer[]; readonly group: GPUBindGroup }
  >();

  /**
   * Compiles a kernel for a place.
   * @throws HoldfastError `E_EXECUTOR` when it does not compile here
   */
  static async compile(device: Device, name: string, code: string): Promise<Step> {
    return new Step(device, name, await device.program(name, code));
  }

  private constructor(
    private readonly device: Device,
    /** What it does there. */
    readonly name: string,
    readonly program: Program,
  ) {}

  /**
   * The bindings of buffers to the program, made anew only where a buffer is another one: making them costs more than
   * a dispatch.
   * @param owner whose buffers they are; each owner's are remembered
   */
  group(owner: object, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const known = this.#bound.get(owner);
    if (known?.buffers.every((buffer, index) => buffer === buffers[index])) return known.group;
    const group = this.device.bind(this.program, buffers);
    this.#bound.set(owner, { buffers, group });
    return group;
  }
}
