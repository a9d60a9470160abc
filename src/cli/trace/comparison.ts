import { dequantize, openSafetensors, readTensor } from '../../formats/index.js';
import { fileSource } from '../../hub/index.js';
import type { OperationDifference } from '../../trace/index.js';

/** A difference that rounding in f32 does not explain, as a fraction of the range. */
const TOLERANCE = 1e-3;

/** Whether an operation's results differ from the expected ones by more than rounding. NaN differs. */
export const differs = ({ difference }: OperationDifference): boolean => !(difference <= TOLERANCE);

/** A run of another implementation. */
export interface ExpectedRun {
  /** Null if the file has none. */
  readonly ids: readonly number[] | null;
  readonly floats: ReadonlyMap<string, Float32Array>;
}

/** Reads the floats of a safetensors file by their names, and the ids of the run. */
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

/**
 * Returns the comparison for people, line by line: how far the results agree, where they first differ, and which tensors
 * of the file were not compared.
 * @param expected names of the tensors in the file
 */
export function comparisonLines(
  differences: readonly OperationDifference[],
  expected: Iterable<string>,
): string[] {
  const compared = new Set(differences.map(({ operation }) => operation));
  const left = [...expected].filter((name) => !compared.has(name));
  const others = left.length > 4 ? [...left.slice(0, 3), `${left.length - 3} more`] : left;
  return [
    ...agreementLines(differences),
    ...(left.length === 0 ? [] : [`not compared: ${others.join(', ')}`]),
  ];
}

function agreementLines(differences: readonly OperationDifference[]): string[] {
  const first = differences.findIndex(differs);
  const agreeing = differences.slice(0, first === -1 ? undefined : first);
  const worst = Math.max(0, ...agreeing.map(({ difference }) => difference));
  const agreed =
    agreeing.length === 0
      ? 'nothing agrees'
      : `${agreeing.length} of ${differences.length} agree, ${agreeing[0]!.operation} to ${agreeing.at(-1)!.operation}, ` +
        `to ${worst.toExponential(1)} of their range`;
  if (first === -1) return [agreed];
  const { operation, difference, token, element, actual, expected } = differences[first]!;
  const number = (value: number): string => String(Number(value.toPrecision(6)));
  return [
    agreed,
    `${operation} is the first to differ: by ${difference.toPrecision(2)} of its range at token ${token}, ` +
      `element ${element}: ${number(actual)}, expected ${number(expected)}`,
  ];
}
