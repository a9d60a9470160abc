/**
 * The engine: one dialogue's tokens and cache (session), and the loop that turns logits into tokens (sampling,
 * generation). Knows executors and text, and that an intervention may differ from pass to pass; must not know turns,
 * system prompts or schedules, nor Node.
 */
export {
  checkLimits,
  type FinishReason,
  type ForwardPoint,
  type GenerationEnd,
  type GenerationOptions,
  type GenerationStep,
  type GenerationTiming,
  generate,
  type RowShares,
} from './generation.js';
export { headGrid, type Model } from './model.js';
export { createRandom } from './random.js';
export {
  checkSampling,
  createSampler,
  type Distribution,
  distribution,
  logSumExp,
  type SampledToken,
  type Sampler,
  type Sampling,
  type SamplingOptions,
  type TokenProbability,
} from './sampling.js';
export { type AdvanceOptions, type PrefillResult, Session, type SessionOptions } from './session.js';
