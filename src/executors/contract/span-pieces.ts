import type { TokenRange } from '../../attention/index.js';

/** A piece of a span, entirely inside or entirely outside the target, so that the policy scales it by one factor. */
export interface SpanPiece extends TokenRange {
  /** The index of its span. */
  readonly span: number;
  readonly inTarget: boolean;
}

/** Cuts spans at the borders of the target. Both lists must be disjoint and ascending; so are the pieces. */
export function cutSpans(spans: readonly TokenRange[], target: readonly TokenRange[]): readonly SpanPiece[] {
  const pieces: SpanPiece[] = [];
  for (const [span, { start, end }] of spans.entries()) {
    let position = start;
    for (const range of target) {
      const from = Math.max(position, range.start);
      const to = Math.min(end, range.end);
      if (from >= to) continue;
      if (position < from) pieces.push({ span, start: position, end: from, inTarget: false });
      pieces.push({ span, start: from, end: to, inTarget: true });
      position = to;
    }
    if (position < end) pieces.push({ span, start: position, end, inTarget: false });
  }
  return pieces;
}
