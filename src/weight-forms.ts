import {
  type ModelPlan,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
  weightShapes,
} from './architectures/index.js';
import { HoldfastError } from './errors.js';
import type { Held, Holder, Precision, WeightUse } from './executors/contract/index.js';
import { executorEntry, PRECISE_EXECUTORS, type PreciseExecutor } from './executors/registry.js';
import { byteLengthOf, type Checkpoint, dequantize, type TensorType } from './formats/index.js';
import { grouped } from './grouped.js';

/** How an executor stores a weight. */
export interface Holding extends Pick<Held, 'form' | 'bytes' | 'mappedBytes' | 'activations'> {
  /** √(Σ(held − stored)² / Σ stored²), where `stored` are the file's values; 0 if they are equal. */
  readonly relativeError: number;
  /** Time that loading takes to bring the weight into its form, beside reading it; 0 if that is next to nothing. */
  readonly prepareMs: number;
}

/** A weight, and how the executors store it. A tied embedding is listed twice: as embedding and as head. */
export interface HeldWeight {
  readonly name: WeightName;
  /** Name of the tensor in the file. A tensor may hold several weights. */
  readonly tensor: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Σ stored² if an error was measured; else 0. */
  readonly squares: number;
  readonly held: ByExecutor<Holding>;
}

/** A value for each executor that stores weights in forms of its own and whose libraries are here. */
export type ByExecutor<T> = Readonly<Partial<Record<PreciseExecutor, T>>>;

/** How the executors would hold a model. */
export interface HeldModel {
  readonly weights: readonly HeldWeight[];
  readonly cacheTypes: ByExecutor<Holder['cacheType']>;
  /** Why nothing is known of an executor. */
  readonly unknown: ByExecutor<string>;
}

/** Elements compared at a time, which bounds memory. */
const SLICE_ELEMENTS = 2 ** 20;

/**
 * Returns how the executors would store each weight of a plan, with the error that this causes and the time that it
 * takes.
 */
export async function heldModel(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<HeldModel> {
  const holders = new Map<PreciseExecutor, Holder>();
  const unknown: Partial<Record<PreciseExecutor, string>> = {};
  try {
    for (const name of PRECISE_EXECUTORS) {
      try {
        holders.set(name, await executorEntry(name).holder!(plan, checkpoint, precision));
      } catch (error) {
        if (!(error instanceof HoldfastError && error.code === 'E_EXECUTOR')) throw error;
        unknown[name] = error.message;
      }
    }
    const weights: HeldWeight[] = [];
    for (const [name, shape] of weightShapes(plan.blueprint)) {
      for (const [as, use] of usesOf(name, shape, plan.blueprint.tiedEmbeddings)) {
        weights.push({ ...(await heldWeight(plan, checkpoint, holders, name, use)), name: as, shape });
      }
    }
    const cacheTypes = Object.fromEntries([...holders].map(([name, { cacheType }]) => [name, cacheType]));
    return { weights, cacheTypes, unknown };
  } finally {
    for (const holder of holders.values()) holder.dispose();
  }
}

function usesOf(
  name: WeightName,
  shape: readonly number[],
  tied: boolean,
): readonly (readonly [WeightName, WeightUse])[] {
  if (shape.length === 1) return [[name, 'vector']];
  if (name !== 'embedding') return [[name, 'matrix']];
  const rows = [name, 'rows'] as const;
  return tied ? [rows, ['head', 'matrix']] : [rows];
}

async function heldWeight(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  holders: ReadonlyMap<PreciseExecutor, Holder>,
  name: WeightName,
  use: WeightUse,
): Promise<Omit<HeldWeight, 'name' | 'shape'>> {
  const { tensor } = plan.weights.get(name)!;
  const { type } = checkpoint.tensors.get(tensor)!;
  let stored: StoredWeight | undefined;
  const read = async (): Promise<StoredWeight> => {
    stored ??= await readWeightBytes(plan, checkpoint, name);
    return stored;
  };
  let squares = 0;
  const held: Partial<Record<PreciseExecutor, Holding>> = {};
  /** Executors whose forms have one name hold the same values. */
  const errors = new Map<string, number>();
  for (const [executor, holder] of holders) {
    const { form, bytes, mappedBytes, activations, valuesOf, prepare } = holder.hold(name, use);
    if (valuesOf !== null && !errors.has(form)) {
      const measured = measure(await read(), valuesOf);
      squares = measured.squares;
      errors.set(form, measured.relativeError);
    }
    const relativeError = valuesOf === null ? 0 : errors.get(form)!;
    const prepareMs = prepare === null ? 0 : timed(prepare, await read());
    held[executor] = { ...{ form, bytes, mappedBytes, activations }, relativeError, prepareMs };
  }
  return { tensor, type, squares, held };
}

function timed(prepare: (weight: StoredWeight) => void, weight: StoredWeight): number {
  const start = performance.now();
  prepare(weight);
  return performance.now() - start;
}

/** Brings a weight into a form slice by slice and compares the result with the stored values. */
function measure(
  { type, shape, bytes }: StoredWeight,
  valuesOf: (rows: StoredWeight) => Float32Array,
): { readonly squares: number; readonly relativeError: number } {
  const [outputs, inputs] = shape as [number, number];
  const rowBytes = byteLengthOf(type, inputs);
  const sliceRows = Math.max(1, Math.floor(SLICE_ELEMENTS / inputs));
  let [squares, squaredErrors] = [0, 0];
  for (let row = 0; row < outputs; row += sliceRows) {
    const rows = Math.min(sliceRows, outputs - row);
    const stored = bytes.subarray(row * rowBytes, (row + rows) * rowBytes);
    const wanted = dequantize(type, stored);
    const held = valuesOf({ type, shape: [rows, inputs], bytes: stored });
    for (let i = 0; i < wanted.length; i++) {
      squares += wanted[i]! ** 2;
      squaredErrors += (held[i]! - wanted[i]!) ** 2;
    }
  }
  return { squares, relativeError: squaredErrors === 0 ? 0 : Math.sqrt(squaredErrors / squares) };
}

/** The weights of one type that an executor stores in one form. */
export interface WeightForm extends Holding {
  readonly type: TensorType;
  readonly count: number;
}

/** Groups the weights by stored type and by their form in an executor. */
export function formsIn(executor: PreciseExecutor, weights: readonly HeldWeight[]): WeightForm[] {
  const groups = grouped(weights, ({ type, held }) => `${type} ${held[executor]!.form}`);
  return [...groups.values()].map((group) => {
    const [{ type, held }] = group as [HeldWeight];
    const { form, activations } = held[executor]!;
    const sum = (of: (weight: HeldWeight) => number): number =>
      group.reduce((total, weight) => total + of(weight), 0);
    const sumHeld = (of: (holding: Holding) => number): number => sum(({ held }) => of(held[executor]!));
    const squaredErrors = sum(({ held, squares }) => held[executor]!.relativeError ** 2 * squares);
    return {
      ...{ type, form, activations, count: group.length },
      bytes: sumHeld(({ bytes }) => bytes),
      mappedBytes: sumHeld(({ mappedBytes }) => mappedBytes),
      prepareMs: sumHeld(({ prepareMs }) => prepareMs),
      relativeError: squaredErrors === 0 ? 0 : Math.sqrt(squaredErrors / sum(({ squares }) => squares)),
    };
  });
}
