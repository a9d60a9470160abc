import {
  headsInMeans,
  type MeanHeads,
  meanOverHeads,
  type SightedGrid,
  seesTarget,
  type Target,
} from '../attention/index.js';
import type { RowShares } from '../engine/index.js';
import type { Span, TokenRange } from '../text/index.js';

/** A share before and after the policy; 0…1. The one after is the one used. */
export interface Share {
  readonly before: number;
  readonly after: number;
}

/** A span and its share of one row after the policy: the mean over the heads that see furthest. */
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
  /** Mean also over the heads that see furthest (see {@link headsInMeans}); null if they see it in none of the rows. */
  readonly mean: Share | null;
  /** Each head's mean over the rows in which it sees a token of the target; NaN if there are none. */
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

/** Returns the mean over these heads. */
export function meanShare(heads: MeanHeads, { before, after }: HeadShares): Share {
  return { before: meanOverHeads(heads, before), after: meanOverHeads(heads, after) };
}

/**
 * Returns each span with its share of one row.
 * @param spans the spans whose shares were measured, in that order
 */
export function spanShares(
  spans: readonly Span[],
  shares: RowShares['spans'],
  grid: SightedGrid,
): SpanShare[] {
  if (shares === null) return [];
  const { layers, heads } = grid;
  const inMean = headsInMeans(grid);
  return spans.map((span, index) => {
    const { after } = sharesAt(shares, [index]);
    const ofLayers = new Float64Array(layers);
    for (const [pair, share] of after.entries()) ofLayers[Math.floor(pair / heads)]! += share / heads;
    return { ...span, share: meanOverHeads(inMean, after), layers: ofLayers };
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
  /**
   * @param row position of the row's token
   * @param ranges the tokens whose shares these are
   */
  add(shares: HeadShares, row: number, ranges: readonly TokenRange[]): void;
  /** Returns the means over the rows; null if there were none. */
  mean(): AnswerShares | null;
}

/** Returns a meter without rows. */
export function createShareMeter(grid: SightedGrid): ShareMeter {
  const { layers, heads, windows } = grid;
  const inMean = headsInMeans(grid);
  // f64, because thousands of rows are summed.
  const sums = { before: new Float64Array(layers * heads), after: new Float64Array(layers * heads) };
  /** Number of rows in which each layer sees a token of the target. */
  const seen = new Float64Array(layers);
  let rows = 0;
  return {
    add({ before, after }, row, ranges) {
      rows++;
      for (let layer = 0; layer < layers; layer++) {
        if (!seesTarget(windows[layer]!, row, ranges)) continue;
        seen[layer]!++;
        for (let pair = layer * heads; pair < (layer + 1) * heads; pair++) {
          sums.before[pair]! += before[pair]!;
          sums.after[pair]! += after[pair]!;
        }
      }
    },
    mean() {
      if (rows === 0) return null;
      const meanOf = (sum: number, pair: number): number => sum / seen[Math.floor(pair / heads)]!;
      const means = { before: sums.before.map(meanOf), after: sums.after.map(meanOf) };
      const mean = {
        before: meanOverHeads(inMean, means.before),
        after: meanOverHeads(inMean, means.after),
      };
      return {
        mean: Number.isNaN(mean.before) ? null : mean,
        heads: { before: Float32Array.from(means.before), after: Float32Array.from(means.after) },
      };
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
  /**
   * @param row position of the row's token
   * @param places indices of the spans of each of {@link PARTS}; null for a part that the dialogue does not have
   */
  add(
    spans: NonNullable<RowShares['spans']>,
    row: number,
    places: readonly (readonly number[] | null)[],
  ): void;
  means(): PartShares;
}

export function createPartMeter(grid: SightedGrid): PartMeter {
  const prompt = createShareMeter(grid);
  const words = createShareMeter(grid);
  const sink = createShareMeter(grid);
  const prefix = createShareMeter(grid);
  return {
    add(spans, row, places) {
      for (const [part, meter] of [prompt, words, sink, prefix].entries()) {
        const at = places[part];
        const ranges = at?.map((place) => spans.ranges[place]!);
        if (at && ranges) meter.add(sharesAt(spans, at), row, ranges);
      }
    },
    means: () => ({ prompt: prompt.mean(), words: words.mean(), sink: sink.mean(), prefix: prefix.mean() }),
  };
}
