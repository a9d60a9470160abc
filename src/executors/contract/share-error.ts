import type { Executor } from './contract.js';

/** Absolute errors over rows: what the mean, 99 % and all of them are at most. */
export interface ErrorFigures {
  readonly mean?: number;
  readonly p99?: number;
  readonly max: number;
}

/** How far shares may be from those of the same weights computed in f32. */
export interface ShareError {
  /** `contract`: what every executor promises. `compared`: the largest of each figure over the models that were compared. */
  readonly basis: 'contract' | 'compared';
  /** Of a single head in a single row. */
  readonly head: ErrorFigures;
  /** Of the mean over all heads of a row. */
  readonly meanOfHeads: ErrorFigures;
  /** The models that were compared. Another model may differ by more. */
  readonly models: readonly string[];
}

/** What kernels round activations to: blocks of 8-bit integers, 16-bit floats, or nothing. */
type Rounding = 'blocks' | 'halves' | 'none';

/** The conformance suite of all executors holds every share to this. */
const CONTRACT: ShareError = {
  basis: 'contract',
  head: { max: 1e-4 },
  meanOfHeads: { max: 1e-4 },
  models: [],
};

/** Mean, 99th percentile and maximum. */
type Figures = readonly [mean: number, p99: number, max: number];

/**
 * Models compared with themselves in f32 by `scripts/divergence.mjs`, each on one dialogue that nothing was tuned on:
 * docs/performance/accuracy.md, "Accuracy of shares", has the dialogues and more figures.
 */
const COMPARISONS: readonly (readonly [
  executor: string,
  rounding: Rounding,
  model: string,
  head: Figures,
  meanOfHeads: Figures,
])[] = [
  ['cpu', 'blocks', 'SmolLM2-135M Q4_1', [0.002, 0.015, 0.066], [0.0005, 0.0016, 0.0025]],
  ['cpu', 'blocks', 'Qwen2.5-Coder-0.5B Q4_K_M', [0.0022, 0.012, 0.048], [0.0009, 0.0021, 0.0027]],
  ['cpu', 'blocks', 'Gemma 3 270M Q4_K_M', [0.004, 0.024, 0.16], [0.0009, 0.0035, 0.0062]],
  ['cpu', 'halves', 'organism', [0.000029, 0.00042, 0.0029], [0.0000098, 0.0001, 0.00019]],
  ['onnx', 'blocks', 'SmolLM2-135M Q4_1', [0.0021, 0.016, 0.057], [0.0007, 0.0019, 0.0024]],
  ['onnx', 'blocks', 'Qwen2.5-Coder-0.5B Q4_K_M', [0.0017, 0.01, 0.037], [0.0005, 0.0013, 0.0017]],
  ['onnx', 'blocks', 'Gemma 3 270M Q4_K_M', [0.0031, 0.021, 0.32], [0.0009, 0.0036, 0.028]],
];

/** The executors whose kernels compute with activations in f32 or better, whatever the form of the weights is. */
const KEEP_ACTIVATIONS: readonly string[] = ['gpu', 'reference'];

function roundingOf({ name, precision }: Pick<Executor, 'name' | 'precision'>): Rounding {
  if (KEEP_ACTIVATIONS.includes(name)) return 'none';
  const [weights, cache] = precision.split('; ');
  const forms = weights!.split(', ');
  if (forms.some((form) => !['f32', 'f16', 'bf16'].includes(form))) return 'blocks';
  return cache === undefined && forms.every((form) => form === 'f32') ? 'none' : 'halves';
}

/**
 * Returns how far an executor's shares may be from those of the same weights in f32, by its name and the forms in which
 * it holds a model; null if no model was compared in such forms.
 */
export function shareErrorOf(executor: Pick<Executor, 'name' | 'precision'>): ShareError | null {
  const rounding = roundingOf(executor);
  if (rounding === 'none') return CONTRACT;
  const rows = COMPARISONS.filter((row) => row[0] === executor.name && row[1] === rounding);
  if (rows.length === 0) return null;
  const largest = (all: readonly Figures[]): ErrorFigures => ({
    mean: Math.max(...all.map(([mean]) => mean)),
    p99: Math.max(...all.map(([, p99]) => p99)),
    max: Math.max(...all.map(([, , max]) => max)),
  });
  return {
    basis: 'compared',
    head: largest(rows.map(([, , , head]) => head)),
    meanOfHeads: largest(rows.map(([, , , , meanOfHeads]) => meanOfHeads)),
    models: rows.map(([, , model]) => model),
  };
}
