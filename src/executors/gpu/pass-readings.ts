import type { Blueprint } from '../../architectures/index.js';
import type { CandidateRequest, DecoderShape, ForwardRequest, ForwardResult } from '../contract/index.js';
import type { PassBuffers } from './pass-buffers.js';
import { addShares, placeRows } from './pass-data.js';
import type { Taps } from './pass-recorder.js';
import type { Pieces } from './pieces.js';
import type { Profiler } from './profiler.js';
import type { Reading } from './read-back.js';
import type { GpuSequence } from './sequence.js';

/** One pass: up to `PassRunner.rowsOf` of a request's tokens. */
export interface PassInput {
  readonly request: ForwardRequest;
  readonly sequence: GpuSequence;
  readonly tokens: readonly number[] | Int32Array;
  /** The index of the first of these tokens in the request. */
  readonly row: number;
  /** Receives the results. */
  readonly result: ForwardResult;
  /** Times the kernels; null: no timing. */
  readonly profiler: Profiler | null;
  /** Throws if the pass was aborted, or its sequence or executor disposed of. Called after every wait. */
  readonly check: () => void;
}

/** The sizes of a model, and the buffers of its passes. */
interface Model {
  readonly shape: DecoderShape;
  readonly blueprint: Blueprint;
  readonly buffers: PassBuffers;
}

/** Returns readings of a pass's logits, shares and taps. Call this before the pass: it depends on the sequence's length. */
export function resultReadings(input: PassInput, pieces: Pieces, taps: Taps, model: Model): Reading[] {
  return [
    ...logitsReadings(input, model),
    ...shareReadings(input, pieces, model),
    ...tapReadings(input, taps, model),
  ];
}

/** Returns how many rows of the pass need logits. */
export function logitsRows({ request, tokens, row }: PassInput): number {
  const isLast = row + tokens.length === request.tokens.length;
  return request.logits === 'all' ? tokens.length : request.logits !== 'none' && isLast ? 1 : 0;
}

/** Returns the candidates wanted from this pass; null: none. */
export function candidatesWanted(input: PassInput): CandidateRequest | null {
  const { logits } = input.request;
  return typeof logits === 'object' && logitsRows(input) === 1 ? logits : null;
}

function logitsReadings(input: PassInput, { blueprint, buffers }: Model): Reading[] {
  const { request, row, result } = input;
  const { vocabSize } = blueprint;
  const rows = typeof request.logits === 'object' ? 0 : logitsRows(input);
  if (rows === 0) return [];
  const at = request.logits === 'all' ? row * vocabSize : 0;
  const take = (floats: Float32Array): void => result.logits.set(floats, at);
  return [{ buffer: buffers.grown('logits'), words: rows * vocabSize, take }];
}

function shareReadings(
  { request, tokens, row, result }: PassInput,
  pieces: Pieces,
  { shape, buffers }: Model,
): Reading[] {
  if (!request.spans && !request.intervention) return [];
  const { layers, heads } = shape;
  const words = layers * heads * tokens.length * pieces.spans.length * 2;
  const take = (floats: Float32Array): void => addShares(floats, pieces, shape, request, result, row);
  return [{ buffer: buffers.grown('shares'), words, take }];
}

function tapReadings(
  { request, sequence, tokens, row, result }: PassInput,
  taps: Taps,
  { shape, blueprint }: Model,
): Reading[] {
  const total = sequence.length + tokens.length;
  const rows = tokens.length;
  const { heads } = shape;
  const attention = [...taps.attention].map(([layer, buffer]): Reading => {
    const take = (floats: Float32Array): void =>
      placeRows(floats, { heads, rows, total }, result.attention.get(layer)!, row, request.tokens.length);
    return { buffer, words: heads * rows * total, take };
  });
  const { hiddenSize } = blueprint;
  const hidden = [...taps.hidden].map(([index, buffer]): Reading => {
    const take = (floats: Float32Array): void => result.hidden.get(index)!.set(floats, row * hiddenSize);
    return { buffer, words: rows * hiddenSize, take };
  });
  return [...attention, ...hidden];
}
