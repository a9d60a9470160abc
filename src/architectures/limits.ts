/**
 * Upper limits, far above any published model. A file that exceeds them is corrupt or malicious, and is refused before
 * anything is allocated.
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
