/**
 * A trace is one run of a model with everything a notebook needs: logits, shares, attention rows, hidden states and
 * what the model would say next, as named tensors with a record of how they came about. This room decides what to
 * compute and puts chunks together. It knows models, layouts and policies; it must not know files or Node: whoever
 * asks for a trace writes it where it belongs.
 */
export { compareOperations, type OperationDifference } from './against.js';
export type { TensorWishes } from './selection.js';
export type { PolicySetting } from './strengths.js';
export { tokenText } from './token-text.js';
export { type Trace, type TraceInput, type TraceOptions, traceRun } from './trace.js';
