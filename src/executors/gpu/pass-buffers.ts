import type { Blueprint } from '../../architectures/index.js';
import { partialSize } from '../../kernels/attention.js';
import { HEAD_MAP_FIELDS } from '../../kernels/head-map.js';
import { PASS_WORDS } from '../../kernels/pass.js';
import type { DecoderShape } from '../contract/index.js';
import type { Commands } from './commands.js';
import type { Device } from './device.js';
import type { GpuSequence } from './sequence.js';

/** Buffers whose sizes depend on the dialogue and the request. */
export type Growing = 'cuts' | 'partials' | 'pieces' | 'shares' | 'logits';

const FLOAT = 4;

/**
 * Returns how many new tokens a pass can take.
 * @param most the number that is good for speed
 * @param largest bytes of the largest buffer that kernels can bind
 */
export function rowsOfPasses(
  blueprint: Blueprint,
  shape: DecoderShape,
  most: number,
  largest: number,
): number {
  const widest = Math.max(
    ...Object.values(widthsOf(blueprint, shape)),
    shape.heads * partialSize(shape.headDim),
  );
  return Math.max(1, Math.min(most, Math.floor(largest / (FLOAT * widest))));
}

/** The floats of a row in each buffer of activations. */
function widthsOf({ hiddenSize, layers }: Blueprint, { heads, kvHeads, headDim, ropes }: DecoderShape) {
  return {
    states: hiddenSize,
    normed: hiddenSize,
    qkv: (heads + 2 * kvHeads) * headDim,
    queries: heads * headDim,
    mixed: heads * headDim,
    projected: hiddenSize,
    fed: Math.max(...layers.map(({ mlp }) => mlp.size)),
    rotations: Math.max(1, ropes.length) * headDim,
    references: heads * 4,
  };
}

/** The buffers of a model's passes, which run one after the other. */
export class PassBuffers {
  readonly pass: GPUBuffer;
  /** The same for the rows whose logits are wanted. */
  readonly headPass: GPUBuffer;
  /** For every row: what the kernels of a layer hand to the next. */
  readonly activations: Readonly<Record<keyof ReturnType<typeof widthsOf>, GPUBuffer>>;
  readonly maps: GPUBuffer;
  readonly #growing = new Map<Growing, GPUBuffer>();

  /**
   * Call this inside `device.allocate`.
   * @param rows rows that a pass takes at most
   */
  constructor(
    private readonly device: Device,
    blueprint: Blueprint,
    shape: DecoderShape,
    rows: number,
  ) {
    const { heads, layers } = shape;
    this.pass = device.uniform(new Uint32Array(PASS_WORDS));
    this.headPass = device.uniform(new Uint32Array(PASS_WORDS));
    const widths = widthsOf(blueprint, shape);
    const names = Object.keys(widths) as (keyof typeof widths)[];
    this.activations = Object.fromEntries(
      names.map((name) => [name, device.storage(`the ${name} of a pass`, FLOAT * rows * widths[name])]),
    ) as typeof this.activations;
    this.maps = device.storage('the maps of heads', FLOAT * layers * heads * HEAD_MAP_FIELDS.length);
  }

  grown(name: Growing): GPUBuffer {
    return this.#growing.get(name)!;
  }

  /**
   * Enlarges all buffers that are too small for a pass, including the sequence's.
   * @param wanted words needed in each buffer
   * @param total tokens of the sequence after the pass
   * @param check throws if the pass was aborted; called once the memory is allocated and the cached tokens are on their way into it
   * @param submit puts commands into the queue
   */
  async makeRoom(
    wanted: Readonly<Record<Growing, number>>,
    sequence: GpuSequence,
    total: number,
    check: () => void,
    submit: (commands: Commands) => Promise<unknown>,
  ): Promise<void> {
    const short = (Object.keys(wanted) as Growing[]).filter(
      (name) => (this.#growing.get(name)?.size ?? 0) < wanted[name] * FLOAT,
    );
    if (short.length === 0 && total <= sequence.capacity) return;
    const made = await this.device.allocate('the dialogue', () => ({
      room: sequence.larger(total),
      grown: short.map((name) => [name, this.#larger(name, wanted[name] * FLOAT)] as const),
    }));
    for (const [name, buffer] of made.grown) {
      const small = this.#growing.get(name);
      if (small) this.device.free(small);
      this.#growing.set(name, buffer);
    }
    const { room } = made;
    try {
      if (room !== null) await submit(sequence.copies(room));
      check();
    } catch (error) {
      if (room !== null) sequence.discard(room);
      throw error;
    }
    if (room !== null) sequence.adopt(room);
  }

  /** Allocates twice the size needed for buffers that grow with every token, up to the device's limit. */
  #larger(name: Growing, bytes: number): GPUBuffer {
    const wanted = name === 'logits' ? bytes : Math.max(bytes, Math.min(2 * bytes, this.device.largest));
    return this.device.storage(`the ${name} of a pass`, wanted);
  }
}
