/**
 * Upper limits, far above any published model: a file that exceeds them is damaged or hostile, and is refused before
 * anything is allocated for it.
 */
export const LIMITS = {
  layers: 1024,
  heads: 4096,
  headDim: 4096,
  hiddenSize: 2 ** 17,
  mlpSize: 2 ** 20,
  vocabSize: 2 ** 22,
  contextLength: 2 ** 28,
} as const;
