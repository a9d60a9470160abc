/**
 * The contract of all executors, and the code that they share: request checks, masks, sequences, rotations, precisions,
 * candidates. It knows blueprints, shares and tensors. It must not know any executor.
 */
export {
  assertNormaliser,
  bestOf,
  candidatesOf,
  logSumExp,
  reachable,
  weightOf,
  withCandidates,
} from './candidates.js';
export { chunkTokens } from './chunk-tokens.js';
export type {
  CandidateRequest,
  Candidates,
  Executor,
  ForwardRequest,
  ForwardResult,
  Intervention,
  KernelTime,
  OperationObserver,
  Profile,
  Sequence,
} from './contract.js';
export { copySequence } from './copy-sequence.js';
export { type DecoderShape, decoderShape } from './decoder-shape.js';
export { type EmbeddingTable, embeddingTable } from './embedding.js';
export { forwardAll } from './forward-all.js';
export {
  blockHolder,
  type Held,
  type Holder,
  heldExactly,
  type WeightUse,
} from './holder.js';
export { joined, runsOfOne } from './joined.js';
export { checkThreads, type ExecutorOptions } from './options.js';
export { CountedSequence, OwnedSequence } from './owned-sequence.js';
export {
  encodeWeight,
  formName,
  heldInHalves,
  type Matrix,
  PRECISIONS,
  type Precision,
  parsePrecision,
} from './precision.js';
export {
  checkTokens,
  copyRequest,
  firstVisible,
  mixedRows,
  rowSides,
  type Sides,
  targetMask,
  throwIfAborted,
} from './request.js';
export { emptyResult } from './result.js';
export { Rotations, type RotationTable } from './rotation.js';
export { largest } from './selection.js';
export { type ErrorFigures, type ShareError, shareErrorOf } from './share-error.js';
export { cutSpans, type SpanPiece } from './span-pieces.js';
export { Turns } from './turns.js';
