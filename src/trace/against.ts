import { HoldfastError } from '../errors.js';
import type { Executor } from '../executors/index.js';

/** The largest difference of an operation's results from the expected ones. */
export interface OperationDifference {
  /** The operation's name in {@link Executor.observe}, or `logits`, the last. */
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
 * ones follow from it. An executor without `observe` is compared by its hidden states and logits only.
 * @param expected `[tokens, width]` by operation; other names are not compared
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
    const { vocabSize, hiddenSize, layers } = executor.blueprint;
    const request = { sequence, tokens: ids, logits: expected.has('logits') ? 'all' : 'none' } as const;
    const compareRows = (operation: string, rows: Float32Array, width: number): void => {
      for (let token = 0; token < ids.length; token++) {
        compare(operation, token, rows.subarray(token * width, (token + 1) * width));
      }
    };
    let logits: Float32Array;
    if (executor.observe !== undefined) {
      const tokens = new Map<string, number>();
      const result = await executor.observe(request, (operation, values) => {
        const token = tokens.get(operation) ?? 0;
        tokens.set(operation, token + 1);
        compare(operation, token, values);
      });
      logits = result.logits;
    } else {
      const hidden = Array.from({ length: layers.length + 1 }, (_, index) => index);
      const [result] = await executor.forward([{ ...request, taps: { hidden } }]);
      for (const [index, states] of result!.hidden) compareRows(`hidden.${index}`, states, hiddenSize);
      logits = result!.logits;
    }
    if (request.logits === 'all') compareRows('logits', logits, vocabSize);
  } finally {
    sequence.dispose();
  }
  if (found.size === 0) {
    throw new HoldfastError('E_USAGE', 'none of the expected tensors is an operation of this model', {
      hint: 'Name them hidden.0, layers.0.query, logits and so on',
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
    {
      hint: 'Give the token ids that the expected tensors were computed from; each tensor needs a row for every token',
    },
  );
}
