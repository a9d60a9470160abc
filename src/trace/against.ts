import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';

/** The largest difference of an operation's results from the expected ones. */
export interface OperationDifference {
  /** The operation's name in {@link Executor.observe}. */
  readonly operation: string;
  /** The largest difference, as a fraction of the range of the expected values. */
  readonly difference: number;
  /** Where the largest difference is. */
  readonly token: number;
  readonly element: number;
  readonly actual: number;
  readonly expected: number;
}

/**
 * Runs token ids and compares the result of each operation with that of another implementation of the same model.
 * Differences are in the order of computation, so the first large one is where the two implementations diverge; later
 * ones follow from it. An executor without `observe` is compared by its hidden states only.
 * @param expected `[tokens, width]` by operation; other names are ignored
 * @throws HoldfastError `E_USAGE` if no name is an operation, or if a size does not match the tokens; and those of the
 * executor
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
      // A NaN counts as larger than any difference.
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
    throw new HoldfastError('E_USAGE', 'none of the expected tensors is an operation of this model', {
      hint: 'Name them hidden.0, layers.0.query and so on',
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
  // If all values are equal, differences are absolute.
  return high > low ? high - low : 1;
}

function checkSize(operation: string, size: number, tokens: number, width: number): void {
  if (size === tokens * width) return;
  throw new HoldfastError(
    'E_USAGE',
    `the size of ${operation} does not match: ${size} numbers expected, ${tokens} tokens of ${width} computed`,
    { hint: 'Give the token ids that the expected tensors were computed from' },
  );
}
