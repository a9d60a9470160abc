import { HoldfastError, IN_BROWSER } from '../errors.js';
import type { RunShape } from './collector.js';
import type { Selection } from './selection.js';

/**
 * The largest size of a trace's tensors, 4 GiB. They stay in memory until they are written, and attention grows with the
 * square of the tokens, so a larger request is usually a mistake.
 */
const MAX_TRACE_BYTES = 4 * 2 ** 30;

/** Returns the bytes of a run's f32 tensors; ids and continuation are negligible. */
function traceBytes(shape: RunShape, selection: Selection): number {
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

/**
 * Checks the size of a trace.
 * @throws HoldfastError `E_USAGE` if it would exceed {@link MAX_TRACE_BYTES}
 */
export function checkSize(shape: RunShape, selection: Selection): void {
  const bytes = traceBytes(shape, selection);
  if (bytes <= MAX_TRACE_BYTES) return;
  const inGib = (size: number): string => `${(size / 2 ** 30).toFixed(1)} GiB`;
  throw new HoldfastError(
    'E_USAGE',
    `the tensors of ${shape.tokens} tokens take ${inGib(bytes)}, more than the ${inGib(MAX_TRACE_BYTES)} of a trace`,
    {
      hint: IN_BROWSER
        ? 'Trace a shorter dialogue'
        : 'Request fewer: name tensors (--tensors) or layers (--attention)',
    },
  );
}
