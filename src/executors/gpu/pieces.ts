import type { TokenRange } from '../../attention/index.js';
import { IN_TARGET } from '../../kernels/keys.js';

/** The keys of a pass, cut into pieces. Each piece is in one span or none, and either inside or outside the target. */
export interface Pieces {
  /** `[tokens]`: each key's piece, with {@link IN_TARGET} set inside the target. */
  readonly tags: Uint32Array;
  /** `[pieces]`: the tag of each piece. */
  readonly firsts: Uint32Array;
  /** `[pieces]`: the index of each piece's span; −1: no span. */
  readonly spans: Int32Array;
}

/**
 * Cuts the keys of a pass into pieces.
 * @param spans disjoint and ascending
 * @param target disjoint and ascending
 * @param tokens number of keys
 */
export function cutKeys(spans: readonly TokenRange[], target: readonly TokenRange[], tokens: number): Pieces {
  const borders = new Set([0]);
  for (const { start, end } of [...spans, ...target]) {
    borders.add(Math.min(start, tokens));
    borders.add(Math.min(end, tokens));
  }
  const starts = [...borders].filter((border) => border < tokens).sort((a, b) => a - b);
  const tags = new Uint32Array(tokens);
  const firsts = new Uint32Array(starts.length);
  const spanOf = new Int32Array(starts.length);
  let span = 0;
  let range = 0;
  for (const [piece, start] of starts.entries()) {
    while (span < spans.length && spans[span]!.end <= start) span++;
    while (range < target.length && target[range]!.end <= start) range++;
    const inSpan = span < spans.length && spans[span]!.start <= start;
    const inTarget = range < target.length && target[range]!.start <= start;
    spanOf[piece] = inSpan ? span : -1;
    firsts[piece] = (piece | (inTarget ? IN_TARGET : 0)) >>> 0;
    tags.fill(firsts[piece]!, start, starts[piece + 1] ?? tokens);
  }
  return { tags, firsts, spans: spanOf };
}
