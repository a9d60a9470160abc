import {
  type ModelPlan,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
  weightShapes,
} from './architectures/index.js';
import { encodeWeight, formName, heldInHalves, type Precision } from './executors/contract/index.js';
import { EXECUTOR_TABLE, PRECISE_EXECUTORS, type PreciseExecutor } from './executors/registry.js';
import { blockValues, byteLengthOf, type Checkpoint, dequantize, type TensorType } from './formats/index.js';

/** How an executor stores a weight. */
export interface Holding {
  /** `f32`, `f16`, `q4`, `q8+offsets`, …; or `rows as stored` for the embedding, which is decoded row by row. */
  readonly form: string;
  /** Memory in bytes. */
  readonly bytes: number;
  /** √(Σ(held − stored)² / Σ stored²), where `stored` are the file's values; 0 if they are equal. */
  readonly relativeError: number;
}

/** A weight, and how the executors store it. A tied embedding is listed twice: as embedding and as head. */
export interface HeldWeight {
  readonly name: WeightName;
  /** Name of the tensor in the file. A tensor may hold several weights. */
  readonly tensor: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Σ stored² if the error was measured; else 0. */
  readonly squares: number;
  readonly held: Readonly<Record<PreciseExecutor, Holding>>;
}

/** The form without a copy: rows of the embedding are decoded from the file's bytes when a token needs them. */
const ROWS_AS_STORED = 'rows as stored';

/** Elements compared at a time, which bounds memory. */
const SLICE_ELEMENTS = 2 ** 20;

/** Returns how the executors would store each weight of a plan, with the error that this causes. */
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
    const add = (as: WeightName, squares: number, holding: (executor: PreciseExecutor) => Holding): void => {
      weights.push({ name: as, tensor, type, shape, squares, held: ofEach(holding) });
    };

    if (name === 'embedding') {
      const rows = exactly(ROWS_AS_STORED, byteLengthOf(type, elements));
      add(name, 0, () => rows);
      if (!plan.blueprint.tiedEmbeddings) continue;
    }
    const as = name === 'embedding' ? 'head' : name;
    const floats = exactly('f32', 4 * elements);
    if (shape.length === 1) {
      add(as, 0, () => floats);
      continue;
    }
    const halves = heldInHalves(type, precision);
    // The form depends only on type and row length, so a weight without rows is enough to find it.
    const empty = encodeWeight({ type, shape: [0, shape[1]!], bytes: new Uint8Array() }, precision);
    if (empty.weight.kind === 'f32') {
      add(as, 0, (executor) =>
        halves !== null && EXECUTOR_TABLE[executor].halves ? exactly(halves, 2 * elements) : floats,
      );
      continue;
    }
    const stored = await readWeightBytes(plan, checkpoint, name);
    const { squares, ...cost } = measure(stored, precision);
    const held = { form: formName(empty), ...cost };
    add(as, squares, () => held);
  }
  return weights;
}

/** Returns a value for each executor that stores weights in forms of its own. */
export function ofEach<T>(make: (executor: PreciseExecutor) => T): Readonly<Record<PreciseExecutor, T>> {
  return Object.fromEntries(PRECISE_EXECUTORS.map((name) => [name, make(name)])) as Record<
    PreciseExecutor,
    T
  >;
}

/** Encodes a weight slice by slice and compares the result with the stored values. */
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

/** The weights of one type that an executor stores in one form. */
export interface WeightForm extends Holding {
  readonly type: TensorType;
  readonly count: number;
}

/** Groups the weights by stored type and by their form in an executor. */
export function formsIn(executor: PreciseExecutor, weights: readonly HeldWeight[]): WeightForm[] {
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
