import type { ModelPlan, WeightName } from '../../architectures/index.js';
import type { TensorType } from '../../formats/index.js';
import type { Precision } from '../contract/index.js';
import { type BufferType, writePointer } from './bindings.js';
import type { Device } from './device.js';
import type { MappedCheckpoint } from './mapped-file.js';
import { type MatrixForm, plainForm, SAME_VALUES } from './matrix-form.js';
import { allocateBlock } from './memory.js';

/** Where a weight lies: in the mapped file, in memory of our own, or in a buffer that orders it for the kernels. */
export type Home = 'mapped' | 'own' | BufferType;

/** How a matrix is held, and where. */
export interface Place {
  readonly form: MatrixForm;
  readonly home: Home;
}

/** A weight as the file stores it. */
export interface Stored {
  readonly type: TensorType;
  /** `[outputs, inputs]`, or `[n, 1]` */
  readonly shape: readonly [number, number];
  /** Whether it can stay in the mapped file. */
  readonly stays: boolean;
}

/** Offset of the field `buffer` in `struct ggml_tensor`. */
const TENSOR_BUFFER = 8;

/**
 * Decides how a model's weights are held. A matrix stays in the mapped file if the kernels take it as it is stored.
 * Otherwise it is copied: to a form that the precision asks for, with rows in canonical order, or ordered for kernels
 * that compute several rows at once.
 */
export class WeightPlaces {
  readonly #repacking: readonly BufferType[];

  constructor(
    private readonly device: Device,
    private readonly plan: ModelPlan,
    private readonly mapped: MappedCheckpoint,
    private readonly precision: Precision,
  ) {
    this.#repacking = precision === 'f32' ? [] : device.repackingTypes();
  }

  stored(name: WeightName): Stored {
    const ref = this.plan.weights.get(name)!;
    const info = this.mapped.checkpoint.tensors.get(ref.tensor)!;
    const rows = ref.rows === undefined ? info.shape[0]! : ref.rows.end - ref.rows.start;
    // Rows in another order than the canonical one must be copied, and values that the kernels find unaligned.
    const aligned = info.offset % (info.type === 'F16' || info.type === 'BF16' ? 2 : 4) === 0;
    const stays =
      this.device.isProcessor &&
      this.mapped.fileOf(info) !== null &&
      ref.interleavedHeads === undefined &&
      aligned;
    return { type: info.type, shape: [rows, info.shape[1] ?? 1], stays };
  }

  matrix(name: WeightName): Place {
    const { type, shape, stays } = this.stored(name);
    const [outputs, inputs] = shape;
    const form = plainForm(type, inputs, this.precision);
    for (const repacking of this.#repacking) {
      if (this.#multiplies(form.type, inputs, outputs, repacking)) return { form, home: repacking };
      const same = form.type === type ? SAME_VALUES[type] : undefined;
      if (same !== undefined && this.#multiplies(same.type, inputs, outputs, repacking)) {
        return { form: same, home: repacking };
      }
    }
    if (!this.#multiplies(form.type, inputs, outputs))
      return { form: { type: 'F32', offsets: false }, home: 'own' };
    return { form, home: form.type === type && stays ? 'mapped' : 'own' };
  }

  /** The embedding, whose rows are decoded when they are read. */
  rows(): Place {
    const { type, shape, stays } = this.stored('embedding');
    const picks = this.device.couldRun((g, context) =>
      g.getRows(context.tensor(type, shape[1], shape[0]), g.indices('I32', shape[0], 1)),
    );
    if (!picks) return { form: { type: 'F32', offsets: false }, home: 'own' };
    return { form: { type, offsets: false }, home: stays ? 'mapped' : 'own' };
  }

  /** Whether the device multiplies with a matrix, in a buffer that orders it if one is given. */
  #multiplies(type: TensorType, inputs: number, outputs: number, repacking?: BufferType): boolean {
    // Where a row is one block of 32, the kernels for AMX add to memory that they have not set to zero.
    if (repacking !== undefined && inputs <= 32) return false;
    const { ggml } = this.device;
    const block = repacking === undefined ? null : allocateBlock(ggml, repacking, 0);
    if (repacking !== undefined && block === null) return false;
    try {
      return this.device.couldRun((g, context) => {
        const weight = context.tensor(type, inputs, outputs);
        if (block !== null) writePointer(weight.tensor, TENSOR_BUFFER, block.buffer);
        return g.product(weight, g.input('F32', inputs));
      });
    } finally {
      if (block !== null) ggml.freeBuffer(block.buffer);
    }
  }
}
