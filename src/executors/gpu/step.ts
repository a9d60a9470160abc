import type { Device } from './device.js';
import type { Program } from './shared-device.js';

/** A program at one place in the model, with its most recent bindings. */
export class Step {
  readonly #bound = new WeakMap<
    object,
    { readonly buffers: readonly GPUBuffer[]; readonly group: GPUBindGroup }
  >();

  /**
   * Compiles a kernel.
   * @throws HoldfastError `E_EXECUTOR` if it does not compile on this device
   */
  static async compile(device: Device, name: string, code: string): Promise<Step> {
    return new Step(device, name, await device.program(name, code));
  }

  private constructor(
    private readonly device: Device,
    /** What the program does at this place, e.g. `output`. */
    readonly name: string,
    readonly program: Program,
  ) {}

  /**
   * Returns the program's bindings to these buffers. Creates them only if a buffer has changed: creating them costs
   * more than a dispatch.
   * @param owner the owner of the buffers; bindings are cached for each owner
   */
  group(owner: object, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const known = this.#bound.get(owner);
    if (known?.buffers.every((buffer, index) => buffer === buffers[index])) return known.group;
    const group = this.device.bind(this.program, buffers);
    this.#bound.set(owner, { buffers, group });
    return group;
  }
}

/** Compiles a kernel for a place in the model, as {@link Step.compile} does. */
export type CompileStep = (name: string, code: string) => Promise<Step>;
