import type { HeadGrid, Target } from '../attention/index.js';
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

/** Shares of an answer: means over the rows that chose its tokens. */
export interface AnswerShares {
  /** Over layers and heads too. */
  readonly mean: Share;
  readonly heads: HeadShares;
}

/** What every answer's shares are told of, whatever the target is; null for what the dialogue does not have. */
export interface PartShares {
  /** The system message with its role header. */
  readonly prompt: AnswerShares | null;
  /** The system message's own words. */
  readonly words: AnswerShares | null;
  /** The first token. */
  readonly sink: AnswerShares | null;
  /** All up to the end of the system message, other messages left out: the sink, the template's opening and the prompt. */
  readonly prefix: AnswerShares | null;
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

/**
 * Each head's share of some of a row's spans together.
 * @param places indices of the spans
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

/** Adds up the shares of an answer's rows. */
export interface ShareMeter {
  add(shares: HeadShares): void;
  /** Means over the rows; null when there were none. */
  mean(): AnswerShares | null;
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

/** The targets whose shares are {@link PartShares}, in the order of its fields. */
export const PARTS: readonly Target[] = [
  { kind: 'message' },
  { kind: 'content' },
  { kind: 'sink' },
  { kind: 'prefix' },
];

/** Adds up the shares of the parts. */
export interface PartMeter {
  /** @param places indices of the spans of each of {@link PARTS}; null for what is not there */
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
