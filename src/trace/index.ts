/**
 * Runs a model once and returns its internals for a notebook: logits, shares, attention rows, hidden states and a greedy
 * continuation, as named tensors with a record of the run. This room decides what to compute and joins the results of
 * chunks. It also reads a trace again, from a file or from memory. It knows models, layouts and policies; it must not know
 * files or Node. The caller writes the trace.
 */
export { compareOperations, type OperationDifference } from './against.js';
export { readRecord, type TraceRecord } from './record.js';
export type { TraceProgress } from './run.js';
export type { TensorWishes } from './selection.js';
export type { PolicySetting } from './strengths.js';
export { tokenText } from './token-text.js';
export { type Trace, type TraceInput, type TraceOptions, traceRun } from './trace.js';
export {
  readShares,
  type TraceTensors,
  traceInFile,
  traceInMemory,
  unfitTrace,
} from './trace-tensors.js';
