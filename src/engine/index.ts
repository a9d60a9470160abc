/**
 * This room is the engine: one dialogue's tokens and cache (session), and the loop that turns logits into tokens
 * (sampling, generation). It knows executors and text, and that an intervention may differ from pass to pass. It must
 * not know turns, system prompts or schedules, nor Node.
 */
export { checkAdjustments, type LogitAdjustments } from './adjustments.js';
export {
  checkLimits,
  type FinishReason,
  forwardedTokens,
  type GenerationEnd,
  type GenerationOptions,
  type GenerationStep,
  type GenerationTiming,
  generate,
} from './generation.js';
export { checkGuidance, type Guidance, guidedLogits } from './guidance.js';
export { type Meter, type MeteredModel, meterModel, modelWith, withForward } from './meter.js';
export { headGrid, type Model } from './model.js';
export type { ForwardPoint, RowShares } from './passes.js';
export {
  checkSampling,
  createSampler,
  type Distribution,
  distribution,
  type SampledToken,
  type Sampler,
  type Sampling,
  type SamplingOptions,
  type TokenProbability,
} from './sampling.js';
export {
  type AdvanceOptions,
  defaultContextLength,
  type PrefillResult,
  Session,
  type SessionOptions,
} from './session.js';
