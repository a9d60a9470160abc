import { dequantize, openSafetensors, readTensor } from '../../formats/index.js';
import { fileSource } from '../../hub/index.js';
import type { OperationDifference } from '../../trace/index.js';

/** What rounding in f32 explains, as a part of the spread, and more. */
const TOLERANCE = 1e-3;

/** Whether an operation's results are others than was expected. A NaN is. */
export const parts = ({ difference }: OperationDifference): boolean => !(difference <= TOLERANCE);

/** A run as another implementation wrote it down. */
export interface ExpectedRun {
  /** Null where the file does not say. */
  readonly ids: readonly number[] | null;
  readonly floats: ReadonlyMap<string, Float32Array>;
}

/** Reads the tensors of a safetensors file: floats by their names, and the ids of the run. */
export async function readExpected(file: string): Promise<ExpectedRun> {
  const source = await fileSource(file);
  try {
    const { tensors } = await openSafetensors(source);
    const floats = new Map<string, Float32Array>();
    let ids: readonly number[] | null = null;
    for (const [name, info] of tensors) {
      const bytes = await readTensor(info);
      if (info.type !== 'I64') floats.set(name, dequantize(info.type, bytes));
      else if (name === 'ids') ids = Array.from(new BigInt64Array(Uint8Array.from(bytes).buffer), Number);
    }
    return { ids, floats };
  } finally {
    await source.close?.();
  }
}

/** For people: how far all goes well, and where it first does not. */
export function comparisonText(differences: readonly OperationDifference[]): string {
  const first = differences.findIndex(parts);
  const agreeing = differences.slice(0, first === -1 ? undefined : first);
  const worst = Math.max(0, ...agreeing.map(({ difference }) => difference));
  const agreed =
    agreeing.length === 0
      ? 'nothing agrees'
      : `${agreeing.length} of ${differences.length} agree, ${agreeing[0]!.operation} to ${agreeing.at(-1)!.operation}, ` +
        `to ${worst.toExponential(1)} of their spread`;
  if (first === -1) return agreed;
  const { operation, difference, token, element, actual, expected } = differences[first]!;
  const number = (value: number): string => String(Number(value.toPrecision(6)));
  return (
    `${agreed}\n${operation} is the first that parts: by ${difference.toPrecision(2)} of its spread at token ${token}, ` +
    `element ${element}: ${number(actual)}, expected ${number(expected)}`
  );
}
