import {
  type ModelPlan,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
  weightShapes,
} from './architectures/index.js';
import { encodeWeight, formName, heldInHalves, type Precision } from './executors/contract/index.js';
import { blockValues, byteLengthOf, type Checkpoint, dequantize, type TensorType } from './formats/index.js';

/** Executors that hold weights in forms of their own; `reference` holds all as f32. */
export type ExecutorName = 'cpu' | 'gpu';

/** How an executor holds a weight. */
export interface Holding {
  /** `f32`, `f16`, `q4`, `q8+offsets`, …, or `rows as stored`, the embedding, decoded row by row. */
  readonly form: string;
  /** Memory that it takes. */
  readonly bytes: number;
  /** √(Σ(held − stored)² / Σ stored²); 0 where it is held exactly. */
  readonly relativeError: number;
}

/** What becomes of a weight. An embedding that is the output head as well is two. */
export interface HeldWeight {
  readonly name: WeightName;
  /** Of the file; several weights may lie in one. */
  readonly tensor: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Σ stored², where it was measured against what is held; else 0. */
  readonly squares: number;
  readonly held: Readonly<Record<ExecutorName, Holding>>;
}

/** The form that keeps no copy: embedding rows are decoded from the file's bytes when a token needs them. */
const ROWS_AS_STORED = 'rows as stored';

/** Elements that are compared at once, which bounds the memory this takes. */
const SLICE_ELEMENTS = 2 ** 20;

/** Says for every weight of a plan how executors would hold it, and measures what that changes. */
export async function heldWeights(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<HeldWeight[]> {
  const weights: HeldWeight[] = [];
  for (const [name, shape] of weightShapes(plan.blueprint)) {
    const { tensor } = plan.weights.get(name)!;
    const { type } = checkpoint.tensors.get(tensor)!;
    const elements = shape.reduce((product, size) => product * size, 1);
    const exactly = (form: string, bytes: number): Holding => ({ form, bytes, relativeError: 0 });
    const add = (as: WeightName, squares: number, cpu: Holding, gpu: Holding): void => {
      weights.push({ name: as, tensor, type, shape, squares, held: { cpu, gpu } });
    };

    if (name === 'embedding') {
      const rows = exactly(ROWS_AS_STORED, byteLengthOf(type, elements));
      add(name, 0, rows, rows);
      if (!plan.blueprint.tiedEmbeddings) continue;
    }
    const as = name === 'embedding' ? 'head' : name;
    const floats = exactly('f32', 4 * elements);
    if (shape.length === 1) {
      add(as, 0, floats, floats);
      continue;
    }
    const halves = heldInHalves(type, precision);
    // The form follows from type and row length, which a weight without rows has too.
    const empty = encodeWeight({ type, shape: [0, shape[1]!], bytes: new Uint8Array() }, precision);
    if (empty.weight.kind === 'f32') {
      add(as, 0, floats, halves === null ? floats : exactly(halves, 2 * elements));
      continue;
    }
    const stored = await readWeightBytes(plan, checkpoint, name);
    const { squares, ...cost } = measure(stored, precision);
    const held = { form: formName(empty), ...cost };
    add(as, squares, held, held);
  }
  return weights;
}

/** Encodes a weight slice by slice and holds what comes of it against what is stored. */
function measure(
  { type, shape, bytes }: StoredWeight,
  precision: Precision,
): Omit<Holding, 'form'> & Pick<HeldWeight, 'squares'> {
  const [outputs, inputs] = shape as [number, number];
  const rowBytes = byteLengthOf(type, inputs);
  const sliceRows = Math.max(1, Math.floor(SLICE_ELEMENTS / inputs));
  let [heldBytes, squares, squaredErrors] = [0, 0, 0];
  for (let row = 0; row < outputs; row += sliceRows) {
    const rows = Math.min(sliceRows, outputs - row);
    const stored = bytes.subarray(row * rowBytes, (row + rows) * rowBytes);
    const { weight } = encodeWeight({ type, shape: [rows, inputs], bytes: stored }, precision);
    const wanted = dequantize(type, stored);
    const held = weight.kind === 'f32' ? weight.values : blockValues(weight.blocks);
    for (let i = 0; i < wanted.length; i++) {
      squares += wanted[i]! ** 2;
      squaredErrors += (held[i]! - wanted[i]!) ** 2;
    }
    if (weight.kind === 'f32') heldBytes += 4 * held.length;
    else {
      const { bits, scales, offsets } = weight.blocks;
      heldBytes += (held.length * bits) / 8 + 4 * scales.length + 4 * (offsets?.length ?? 0);
    }
  }
  return {
    ...{ bytes: heldBytes, squares },
    relativeError: squaredErrors === 0 ? 0 : Math.sqrt(squaredErrors / squares),
  };
}

/** Weights of one type that an executor holds in one form. */
export interface WeightForm extends Holding {
  readonly type: TensorType;
  readonly count: number;
}

/** What becomes of all weights in one executor, by type and form. */
export function formsIn(executor: ExecutorName, weights: readonly HeldWeight[]): WeightForm[] {
  const groups = new Map<string, HeldWeight[]>();
  for (const weight of weights) {
    const key = `${weight.type} ${weight.held[executor].form}`;
    groups.set(key, [...(groups.get(key) ?? []), weight]);
  }
  return [...groups.values()].map((group) => {
    const [{ type, held }] = group as [HeldWeight];
    const sum = (of: (weight: HeldWeight) => number): number =>
      group.reduce((total, weight) => total + of(weight), 0);
    const squaredErrors = sum(({ held, squares }) => held[executor].relativeError ** 2 * squares);
    return {
      ...{ type, form: held[executor].form, count: group.length },
      bytes: sum(({ held }) => held[executor].bytes),
      relativeError: squaredErrors === 0 ? 0 : Math.sqrt(squaredErrors / sum(({ squares }) => squares)),
    };
  });
}
