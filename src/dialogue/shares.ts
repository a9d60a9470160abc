import type { HeadGrid } from '../attention/index.js';
import type { RowShares } from '../engine/index.js';
import type { Span } from '../text/index.js';

/** A share before a policy and after it, as used; 0…1. */
export interface Share {
  readonly before: number;
  readonly after: number;
}

/** A span and its share of one row after the policy, the mean over layers and heads. */
export interface SpanShare extends Span {
  readonly share: number;
  /** The mean over the heads of each layer, `[layers]`. */
  readonly layers: Float64Array;
}

/** Each head's share, `[layers × heads]`. */
export interface HeadShares {
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** The mean over layers and heads. */
export function meanShare({ before, after }: HeadShares): Share {
  return { before: mean(before), after: mean(after) };
}

/** @param spans the spans whose ranges the row was asked for, in that order */
export function spanShares(spans: readonly Span[], shares: RowShares['spans'], grid: HeadGrid): SpanShare[] {
  if (shares === null) return [];
  const { layers, heads } = grid;
  return spans.map((span, index) => {
    const ofLayers = new Float64Array(layers);
    for (let layer = 0; layer < layers; layer++) {
      let sum = 0;
      for (let head = 0; head < heads; head++)
        sum += shares.after[(layer * heads + head) * spans.length + index]!;
      ofLayers[layer] = sum / heads;
    }
    return { ...span, share: mean(ofLayers), layers: ofLayers };
  });
}

/** Adds up the shares of an answer's rows. */
export interface ShareMeter {
  add(shares: HeadShares): void;
  /** Each head's mean over the rows; null when there were none. */
  mean(): HeadShares | null;
}

export function createShareMeter(pairs: number): ShareMeter {
  // f64: thousands of rows are added.
  const sums = { before: new Float64Array(pairs), after: new Float64Array(pairs) };
  let rows = 0;
  return {
    add({ before, after }) {
      rows++;
      for (let pair = 0; pair < pairs; pair++) {
        sums.before[pair]! += before[pair]!;
        sums.after[pair]! += after[pair]!;
      }
    },
    mean: () =>
      rows === 0
        ? null
        : {
            before: Float32Array.from(sums.before, (sum) => sum / rows),
            after: Float32Array.from(sums.after, (sum) => sum / rows),
          },
  };
}

function mean(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
