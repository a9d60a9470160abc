import { HoldfastError } from '../errors.js';
import type { RunShape } from './collector.js';
import type { Selection } from './selection.js';

/**
 * The most that the tensors of one trace may take, 4 GiB. They are held in memory until they are written, and the
 * attention of every layer grows with the square of the tokens: more is asked for by mistake more often than not.
 */
export const MAX_TRACE_BYTES = 4 * 2 ** 30;

/** Bytes of the f32 tensors that a run collects; ids and continuation are nothing beside them. */
export function traceBytes(shape: RunShape, selection: Selection): number {
  const { layers, heads, tokens, vocab, hidden, spans } = shape;
  const shares = layers * heads * tokens;
  const elements =
    (selection.logits ? tokens * vocab : 0) +
    (selection.shareBefore ? shares : 0) +
    (selection.shareAfter ? shares : 0) +
    (selection.spanShares ? shares * spans : 0) +
    selection.attention.length * heads * tokens * tokens +
    selection.hidden.length * tokens * hidden;
  return 4 * elements;
}

/** @throws HoldfastError `E_USAGE` when a trace would take more than {@link MAX_TRACE_BYTES} */
export function checkSize(shape: RunShape, selection: Selection): void {
  const bytes = traceBytes(shape, selection);
  if (bytes <= MAX_TRACE_BYTES) return;
  const inGib = (size: number): string => `${(size / 2 ** 30).toFixed(1)} GiB`;
  throw new HoldfastError(
    'E_USAGE',
    `the tensors of ${shape.tokens} tokens take ${inGib(bytes)}, and a trace holds ${inGib(MAX_TRACE_BYTES)} at most`,
    { hint: 'Ask for fewer: name tensors (--tensors), or layers (--attention)' },
  );
}
