import type { TokenRange } from '../../attention/index.js';
import { IN_TARGET } from '../../kernels/keys.js';

/** The keys of a pass, cut into pieces. Each piece is in one span or none, and either inside or outside the target. */
export interface Pieces {
  /** As kernels read them: starts `[pieces + 1]`, turns `[pieces]`, tags `[tokens]` (see `cutsAt`). */
  readonly cuts: Uint32Array;
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
  const count = starts.length;
  const cuts = new Uint32Array(2 * count + 1 + tokens);
  const tags = cuts.subarray(2 * count + 1);
  const spanOf = new Int32Array(count);
  let span = 0;
  let range = 0;
  for (const [piece, start] of starts.entries()) {
    while (span < spans.length && spans[span]!.end <= start) span++;
    while (range < target.length && target[range]!.end <= start) range++;
    const inSpan = span < spans.length && spans[span]!.start <= start;
    const inTarget = range < target.length && target[range]!.start <= start;
    spanOf[piece] = inSpan ? span : -1;
    const side = inTarget ? IN_TARGET : 0;
    cuts[piece] = start | side;
    tags.fill(piece | side, start, starts[piece + 1] ?? tokens);
  }
  cuts[count] = tokens;
  let turn = tokens;
  for (let piece = count - 1; piece >= 0; piece--) {
    const next = piece + 1 < count && isInside(cuts, piece) !== isInside(cuts, piece + 1);
    if (next) turn = starts[piece + 1]!;
    cuts[count + 1 + piece] = turn;
  }
  return { cuts, spans: spanOf };
}

/** Returns whether a piece is inside the target. */
export const isInside = (cuts: Uint32Array, piece: number): boolean => cuts[piece]! >= IN_TARGET;
