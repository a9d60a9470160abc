import type { Blueprint } from '../../architectures/index.js';
import { partialSize } from '../../kernels/attention.js';
import { HEAD_MAP_FIELDS } from '../../kernels/head-map.js';
import { LAYER_WORDS, PASS_WORDS } from '../../kernels/pass.js';
import type { DecoderShape } from '../contract/index.js';
import type { Device } from './device.js';
import { MAX_ROWS } from './programs.js';
import type { GpuSequence } from './sequence.js';

/** Buffers whose sizes depend on the dialogue and the request. */
export type Growing = 'tags' | 'firsts' | 'pieces' | 'shares' | 'logits';

const FLOAT = 4;

/** The buffers of a model's passes, which run one after the other. */
export class PassBuffers {
  readonly pass: GPUBuffer;
  /** The same for the rows whose logits are wanted. */
  readonly headPass: GPUBuffer;
  readonly layers: readonly GPUBuffer[];
  readonly activations: Readonly<
    Record<'states' | 'normed' | 'qkv' | 'queries' | 'mixed' | 'projected' | 'fed', GPUBuffer>
  >;
  readonly rotations: GPUBuffer;
  readonly maps: GPUBuffer;
  readonly partials: GPUBuffer;
  readonly references: GPUBuffer;
  readonly #growing = new Map<Growing, GPUBuffer>();

  /** Call this inside `device.allocate`. */
  constructor(
    private readonly device: Device,
    { hiddenSize, layers: blueprints }: Blueprint,
    { heads, kvHeads, headDim, layers, ropes }: DecoderShape,
  ) {
    const rows = (what: string, width: number): GPUBuffer => device.storage(what, FLOAT * MAX_ROWS * width);
    this.pass = device.uniform(new Uint32Array(PASS_WORDS));
    this.headPass = device.uniform(new Uint32Array(PASS_WORDS));
    this.layers = Array.from({ length: layers }, (_, layer) => {
      const words = new Uint32Array(LAYER_WORDS);
      words[0] = layer * heads;
      return device.uniform(words);
    });
    this.activations = {
      states: rows('the states', hiddenSize),
      normed: rows('the normed states', hiddenSize),
      qkv: rows('queries, keys and values', (heads + 2 * kvHeads) * headDim),
      queries: rows('the queries', heads * headDim),
      mixed: rows("the heads' outputs", heads * headDim),
      projected: rows('the projected outputs', hiddenSize),
      fed: rows('the inside of the MLP', Math.max(...blueprints.map(({ mlp }) => mlp.size))),
    };
    this.rotations = rows('the rotations', Math.max(1, ropes.length) * headDim);
    this.maps = device.storage('the maps of heads', FLOAT * layers * heads * HEAD_MAP_FIELDS.length);
    this.partials = rows('the splits of attention', heads * partialSize(headDim));
    this.references = rows('the references of attention', heads * 4);
  }

  grown(name: Growing): GPUBuffer {
    return this.#growing.get(name)!;
  }

  /**
   * Enlarges all buffers that are too small for a pass, including the sequence's.
   * @param wanted words needed in each buffer
   * @param total tokens of the sequence after the pass
   * @param check throws if the pass was aborted; called after the memory is allocated
   */
  async makeRoom(
    wanted: Readonly<Record<Growing, number>>,
    sequence: GpuSequence,
    total: number,
    check: () => void,
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
