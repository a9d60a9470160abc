import {
  createBootstrap,
  meanOf,
  quotientOf,
  type Score,
  type ShareSpread,
  type Statistic,
} from '../statistics/index.js';
import { type Clusters, type Measured, measure, NO_SCORE } from './estimates.js';
import type { Tally } from './tally.js';

/** A head with a smaller mean share in the first turn has nothing that could decay. */
export const LEAST_SHARE = 0.01;
/** Has fewer resamples than headline numbers, because there are hundreds of heads. */
const BOOTSTRAP = createBootstrap({ expanded: true, resamples: 2000 });

/**
 * How much a share policy can change on a head. `soft`: at least half of its rows have a share from 0.001 to 0.5, where
 * π^k changes it. `blind`: at least half are below. `fixed`: at least half are above. `mixed`: none of these.
 */
export type HeadKind = 'soft' | 'blind' | 'fixed' | 'mixed';

/** The prompt's share on one head. */
export interface HeadSummary {
  readonly layer: number;
  readonly head: number;
  /** Whether means include it: no head sees further. */
  readonly inMeans: boolean;
  /** Null if it never sees the prompt. */
  readonly kind: HeadKind | null;
  /** Distribution over the rows in which it sees the prompt; null if there are none. */
  readonly spread: ShareSpread | null;
  /**
   * Mean shares in the first turn, and in the last turn that at least half of the dialogues reached; null if it does not
   * see the prompt there.
   */
  readonly first: number | null;
  readonly last: number | null;
  /** last / first; null with one turn, without one of the two, or if the first is below 0.01. */
  readonly left: Measured | null;
}

/**
 * Summarises every head.
 * @param turns numbers of the turns to compare, ascending, at least one
 */
export function summarizeHeads(
  { dialogues, grid, seeing, histograms }: Tally,
  turns: readonly number[],
  clusters: Clusters,
): HeadSummary[] {
  const [from, to] = [turns[0]!, turns.at(-1)!];
  const inMeans = new Set(seeing.pairs);
  return histograms.map((histogram, pair) => {
    const layer = Math.floor(pair / grid.heads);
    const meanIn = (turn: number): Statistic =>
      meanOf(
        dialogues.map((of): Score => {
          const heads = of.get(turn)?.heads;
          return heads === undefined ? NO_SCORE : { sum: heads.sums[pair]!, count: heads.rows[layer]! };
        }),
      );
    const [inFirst, inLast] = [meanIn(from), meanIn(to)];
    const all = Int32Array.from({ length: dialogues.length }, (_, index) => index);
    const [first, last] = [orNull(inFirst(all)), orNull(inLast(all))];
    const spread = histogram.total.count === 0 ? null : histogram.spread();
    return {
      layer,
      head: pair % grid.heads,
      inMeans: inMeans.has(pair),
      kind: spread && kindOf(spread),
      spread,
      first,
      last,
      left:
        from === to || first === null || first < LEAST_SHARE || last === null
          ? null
          : measure(clusters, quotientOf(inLast, inFirst), BOOTSTRAP),
    };
  });
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function kindOf({ above, below }: ShareSpread): HeadKind {
  if (1 - above - below >= 0.5) return 'soft';
  if (below >= 0.5) return 'blind';
  return above >= 0.5 ? 'fixed' : 'mixed';
}

/** Returns the heads that see the prompt by their mean share, largest first. */
export function byShare(heads: readonly HeadSummary[]): (HeadSummary & { readonly spread: ShareSpread })[] {
  return heads
    .flatMap(({ spread, ...head }) => (spread === null ? [] : [{ ...head, spread }]))
    .sort((a, b) => b.spread.mean - a.spread.mean);
}

/**
 * Returns the heads that looked at the prompt at first by the part that is left, smallest first. A head looked if its share
 * in the first turn is at least half of the mean over all heads. The others may lose most of their share, but they hardly had one.
 */
export function byDecay(heads: readonly HeadSummary[]): (HeadSummary & { readonly left: Measured })[] {
  const firsts = heads.flatMap(({ first }) => first ?? []);
  const mean = firsts.reduce((sum, first) => sum + first, 0) / firsts.length;
  return heads
    .flatMap(({ left, ...head }) => (left === null || head.first! < mean / 2 ? [] : [{ ...head, left }]))
    .sort((a, b) => a.left.value - b.left.value);
}
