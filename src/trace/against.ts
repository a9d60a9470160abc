import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';

/** How an operation's results lie from those that were expected of it. */
export interface OperationDifference {
  /** As {@link Executor.observe} names it. */
  readonly operation: string;
  /** The largest difference, as a part of the spread of all that was expected. */
  readonly difference: number;
  /** Where that was. */
  readonly token: number;
  readonly element: number;
  readonly actual: number;
  readonly expected: number;
}

/**
 * Runs token ids and compares what each operation comes to with what another implementation made of the same model, in
 * the order in which operations are computed: the first that parts is where the two part ways, and what comes after it
 * follows from it. Executors that show no operations are compared by their hidden states alone.
 * @param expected `[tokens, width]` by operation; other names are left alone
 * @throws HoldfastError `E_USAGE` when nothing in it is of an operation, or one's size is not that of these tokens; and what
 * the executor throws
 */
export async function compareOperations(
  executor: Executor,
  ids: readonly number[],
  expected: ReadonlyMap<string, Float32Array>,
): Promise<OperationDifference[]> {
  const found = new Map<string, OperationDifference>();
  const spreads = new Map([...expected].map(([name, values]) => [name, spreadOf(values)]));
  const compare = (operation: string, token: number, values: ArrayLike<number>): void => {
    const all = expected.get(operation);
    if (all === undefined) return;
    checkSize(operation, all.length, ids.length, values.length);
    for (let element = 0; element < values.length; element++) {
      const [actual, wanted] = [values[element]!, all[token * values.length + element]!];
      const difference = Math.abs(actual - wanted) / spreads.get(operation)!;
      const largest = found.get(operation)?.difference ?? -1;
      // A NaN is larger than any difference.
      if (!Number.isNaN(largest) && !(difference <= largest)) {
        found.set(operation, { operation, difference, token, element, actual, expected: wanted });
      }
    }
  };
  const sequence = executor.open(ids.length);
  try {
    if (executor.observe !== undefined) {
      const tokens = new Map<string, number>();
      await executor.observe({ sequence, tokens: ids, logits: 'none' }, (operation, values) => {
        const token = tokens.get(operation) ?? 0;
        tokens.set(operation, token + 1);
        compare(operation, token, values);
      });
    } else {
      const { length: layers } = executor.blueprint.layers;
      const hidden = Array.from({ length: layers + 1 }, (_, index) => index);
      const request = { sequence, tokens: ids, logits: 'none', taps: { hidden } } as const;
      const [result] = await executor.forward([request]);
      const { hiddenSize } = executor.blueprint;
      for (const [index, states] of result!.hidden) {
        for (let token = 0; token < ids.length; token++) {
          compare(`hidden.${index}`, token, states.subarray(token * hiddenSize, (token + 1) * hiddenSize));
        }
      }
    }
  } finally {
    sequence.dispose();
  }
  if (found.size === 0) {
    throw new HoldfastError('E_USAGE', 'none of the expected tensors is of an operation of this model', {
      hint: 'They are called hidden.0, layers.0.query and the like',
    });
  }
  return [...found.values()];
}

function spreadOf(values: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Where all are equal, differences are absolute.
  return high > low ? high - low : 1;
}

function checkSize(operation: string, size: number, tokens: number, width: number): void {
  if (size === tokens * width) return;
  throw new HoldfastError(
    'E_USAGE',
    `${operation} was expected to be ${size} numbers, and is ${tokens} tokens of ${width}`,
    { hint: 'Give the token ids that the expected tensors were made of' },
  );
}
