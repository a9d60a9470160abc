import type { HeadGrid, Target } from '../attention/index.js';
import type { RowShares } from '../engine/index.js';
import type { Span } from '../text/index.js';

/** A share before and after the policy; 0…1. The one after is the one used. */
export interface Share {
  readonly before: number;
  readonly after: number;
}

/** A span and its share of one row after the policy: the mean over layers and heads. */
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

/** Shares of an answer: means over the rows that chose its tokens. */
export interface AnswerShares {
  /** Mean also over layers and heads. */
  readonly mean: Share;
  readonly heads: HeadShares;
}

/** The shares that every answer reports, whatever the target is. Null for a part that the dialogue does not have. */
export interface PartShares {
  /** The system message with its role header. */
  readonly prompt: AnswerShares | null;
  /** The system message's own words. */
  readonly words: AnswerShares | null;
  /** The first token. */
  readonly sink: AnswerShares | null;
  /** Everything up to the end of the system message, without other messages: sink, template opening and prompt. */
  readonly prefix: AnswerShares | null;
}

/** Returns the mean over layers and heads. */
export function meanShare({ before, after }: HeadShares): Share {
  return { before: mean(before), after: mean(after) };
}

/**
 * Returns each span with its share of one row.
 * @param spans the spans whose shares were measured, in that order
 */
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

/**
 * Returns each head's total share of some of a row's spans.
 * @param places indices of these spans
 */
export function sharesAt(
  { ranges, before, after }: NonNullable<RowShares['spans']>,
  places: readonly number[],
): HeadShares {
  const summed = (of: Float32Array): Float32Array => {
    const sums = new Float32Array(of.length / ranges.length);
    for (let pair = 0; pair < sums.length; pair++) {
      let sum = 0;
      for (const place of places) sum += of[pair * ranges.length + place]!;
      sums[pair] = sum;
    }
    return sums;
  };
  return { before: summed(before), after: summed(after) };
}

/** Averages the shares of an answer's rows. */
export interface ShareMeter {
  add(shares: HeadShares): void;
  /** Returns the means over the rows; null if there were none. */
  mean(): AnswerShares | null;
}

export function createShareMeter(pairs: number): ShareMeter {
  // f64, because thousands of rows are summed.
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
    mean() {
      if (rows === 0) return null;
      const heads = {
        before: Float32Array.from(sums.before, (sum) => sum / rows),
        after: Float32Array.from(sums.after, (sum) => sum / rows),
      };
      return { mean: meanShare(heads), heads };
    },
  };
}

/** The targets of {@link PartShares}, in the order of its fields. */
export const PARTS: readonly Target[] = [
  { kind: 'message' },
  { kind: 'content' },
  { kind: 'sink' },
  { kind: 'prefix' },
];

/** Averages the shares of the parts over an answer's rows. */
export interface PartMeter {
  /** @param places indices of the spans of each of {@link PARTS}; null for a part that the dialogue does not have */
  add(spans: NonNullable<RowShares['spans']>, places: readonly (readonly number[] | null)[]): void;
  means(): PartShares;
}

export function createPartMeter(pairs: number): PartMeter {
  const prompt = createShareMeter(pairs);
  const words = createShareMeter(pairs);
  const sink = createShareMeter(pairs);
  const prefix = createShareMeter(pairs);
  return {
    add(spans, places) {
      for (const [part, meter] of [prompt, words, sink, prefix].entries()) {
        const at = places[part];
        if (at) meter.add(sharesAt(spans, at));
      }
    },
    means: () => ({ prompt: prompt.mean(), words: words.mean(), sink: sink.mean(), prefix: prefix.mean() }),
  };
}

function mean(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
