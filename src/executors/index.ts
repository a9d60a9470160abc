/**
 * Executors run a blueprint: new tokens in, logits, shares and taps out, with a cache that they own. All obey one
 * contract and pass one conformance suite. `reference` runs anywhere and is meant to be read. `onnx` needs
 * onnxruntime-node and is exported from its own folder, so that a browser never loads it. `gpu` needs WebGPU, in Node
 * or in a browser. Executors know nothing of text, dialogues or schedules: strengths reach them as numbers.
 */

export type {
  ErrorFigures,
  Executor,
  ExecutorOptions,
  ForwardRequest,
  ForwardResult,
  Intervention,
  KernelTime,
  Profile,
  Sequence,
  ShareError,
} from './contract/index.js';
export {
  assertNormaliser,
  bestOf,
  type CandidateRequest,
  type Candidates,
  candidatesOf,
  checkTokens,
  largest,
  logSumExp,
  PRECISIONS,
  type Precision,
  parsePrecision,
  reachable,
  shareErrorOf,
  weightOf,
} from './contract/index.js';
export { createReferenceExecutor } from './reference/index.js';
