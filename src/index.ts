/** Holdfast: measure how a language model's hold on its system prompt loosens, and tighten it. */
export * from './architectures/index.js';
export * from './attention/index.js';
export * from './dialogue/index.js';
export * from './engine/index.js';
export { type ErrorCode, type ErrorDetails, HoldfastError } from './errors.js';
export type { CpuOptions } from './executors/cpu/index.js';
export * from './executors/index.js';
export * from './formats/index.js';
export * from './hub/index.js';
export {
  EMBEDDED_MODEL,
  EXECUTORS,
  type ExecutorName,
  type LoadedModel,
  type LoadOptions,
  loadModel,
} from './load.js';
export * from './text/index.js';
export * from './trace/index.js';
