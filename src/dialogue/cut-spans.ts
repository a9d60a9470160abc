import type { Span } from '../text/index.js';

/** Spans in pieces, so that none reaches over one of these tokens. */
export function cutSpans(spans: readonly Span[], cuts: readonly number[]): readonly Span[] {
  return cuts.reduce<readonly Span[]>(
    (pieces, cut) =>
      pieces.flatMap((span) =>
        cut > span.start && cut < span.end
          ? [
              { ...span, end: cut },
              { ...span, start: cut },
            ]
          : [span],
      ),
    spans,
  );
}
