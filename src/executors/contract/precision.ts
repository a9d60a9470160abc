import type { StoredWeight } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';
import {
  dequantize,
  type IntegerBlocks,
  integerBlocks,
  quantizeBlocks,
  type TensorType,
} from '../../formats/index.js';

/** A weight matrix in the form that kernels read. */
export interface Matrix {
  readonly outputs: number;
  readonly inputs: number;
  readonly weight: WeightForm;
}

/** The values of a weight matrix: f32, or blocks of integers with scales. */
export type WeightForm =
  | { readonly kind: 'f32'; readonly values: Float32Array /* [outputs, inputs] */ }
  | { readonly kind: 'blocks'; readonly blocks: IntegerBlocks };

/**
 * The form in which weights are held.
 * - `f32`: the file's exact values, as f32.
 * - `auto`: the file's exact values: floats as f32 (16-bit floats stay 16 bits on the gpu executor), quantised types as
 *   blocks of integers.
 * - `q8`, `q4`: blocks of 32 with 8 or 4 bits. Weights that the file stores in such blocks are taken unchanged.
 */
export type Precision = 'auto' | 'f32' | 'q8' | 'q4';

/** Every precision that a user can name. */
export const PRECISIONS: readonly Precision[] = ['auto', 'f32', 'q8', 'q4'];

/**
 * Parses the name of a precision.
 * @throws HoldfastError `E_EXECUTOR` for an unknown name
 */
export function parsePrecision(name: string): Precision {
  const precision = PRECISIONS.find((known) => known === name);
  if (precision === undefined) {
    throw new HoldfastError('E_EXECUTOR', `unknown precision: "${name}"`, {
      hint: `Use one of ${PRECISIONS.join(', ')}`,
    });
  }
  return precision;
}

/** Converts a stored weight to the form that kernels read. Rows that do not divide into blocks of 32 become f32. */
export function encodeWeight(stored: StoredWeight, precision: Precision): Matrix {
  const [outputs, inputs] = stored.shape as [number, number];
  return { outputs, inputs, weight: weightForm(stored, inputs, precision) };
}

function weightForm({ type, bytes }: StoredWeight, inputs: number, precision: Precision): WeightForm {
  const f32 = (): WeightForm => ({ kind: 'f32', values: dequantize(type, bytes) });
  if (precision === 'f32' || inputs % 32 !== 0) return f32();
  const stored = integerBlocks(type, bytes);
  if (precision === 'auto') return stored === null ? f32() : { kind: 'blocks', blocks: stored };
  const bits = precision === 'q8' ? 8 : 4;
  const fits = stored !== null && stored.bits === bits && stored.offsets === null && stored.blockSize === 32;
  return { kind: 'blocks', blocks: fits ? stored : quantizeBlocks(dequantize(type, bytes), bits) };
}

/**
 * Returns the 16-bit form in which the gpu executor keeps a weight, or null if it converts it as other executors do.
 */
export function heldInHalves(type: TensorType, precision: Precision): 'f16' | 'bf16' | null {
  if (precision !== 'auto') return null;
  return type === 'F16' ? 'f16' : type === 'BF16' ? 'bf16' : null;
}

/** Returns the name of a weight's form: `f32`, `q8`, `q4`, `q4+offsets`, … */
export function formName({ weight }: Pick<Matrix, 'weight'>): string {
  if (weight.kind === 'f32') return 'f32';
  return `q${weight.blocks.bits}${weight.blocks.offsets === null ? '' : '+offsets'}`;
}
