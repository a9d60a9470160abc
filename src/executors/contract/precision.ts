import type { StoredWeight } from '../../architectures/index.js';
import { HoldfastError } from '../../errors.js';
import {
  dequantize,
  type IntegerBlocks,
  integerBlocks,
  quantizeBlocks,
  type TensorType,
} from '../../formats/index.js';

/** A weight matrix in the form in which a kernel takes it. */
export interface Matrix {
  readonly outputs: number;
  readonly inputs: number;
  readonly weight: WeightForm;
}

export type WeightForm =
  | { readonly kind: 'f32'; readonly values: Float32Array /* [outputs, inputs] */ }
  | { readonly kind: 'blocks'; readonly blocks: IntegerBlocks };

/**
 * How weights are held.
 * - `f32`: exactly what the file holds, as f32.
 * - `auto`: exactly what the file holds: plain floats as f32 (on the gpu executor in 16 bits where they are stored so), quantised types as blocks
 *   of integers.
 * - `q8`, `q4`: blocks of 32 with 8 or 4 bits; what the file holds in such blocks is taken as it is.
 */
export type Precision = 'auto' | 'f32' | 'q8' | 'q4';

/** Every precision that a user can name. */
export const PRECISIONS: readonly Precision[] = ['auto', 'f32', 'q8', 'q4'];

/** @throws HoldfastError `E_EXECUTOR` for a name that is not a precision. */
export function parsePrecision(name: string): Precision {
  const precision = PRECISIONS.find((known) => known === name);
  if (precision === undefined) {
    throw new HoldfastError('E_EXECUTOR', `"${name}" is not a precision`, {
      hint: `Known: ${PRECISIONS.join(', ')}`,
    });
  }
  return precision;
}

/** A stored weight in the form its kernel takes. Rows that do not divide into blocks of 32 stay f32. */
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

/** The form of what the gpu executor leaves in the 16 bits that the file holds; null: a weight becomes what it is on any executor. */
export function heldInHalves(type: TensorType, precision: Precision): 'f16' | 'bf16' | null {
  if (precision !== 'auto') return null;
  return type === 'F16' ? 'f16' : type === 'BF16' ? 'bf16' : null;
}

/** A weight's form in a word, e.g. `q4`, `q8`, `q4+offsets`, `f32`. */
export function formName({ weight }: Pick<Matrix, 'weight'>): string {
  if (weight.kind === 'f32') return 'f32';
  return `q${weight.blocks.bits}${weight.blocks.offsets === null ? '' : '+offsets'}`;
}
