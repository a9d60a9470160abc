import { meanOf, type Score, type ShareSpread, type Statistic } from '../statistics/index.js';
import { type Measured, measure, NO_SCORE } from './estimates.js';
import type { Tally } from './tally.js';

/** A head with a smaller mean share in the first turn has nothing that could decay. */
export const LEAST_SHARE = 0.01;
/** Resamples for each head: fewer than for headline numbers, because there are hundreds of heads. */
const RESAMPLES = 2000;

/**
 * How much a share policy can change on a head. `soft`: at least half of its rows have a share from 0.001 to 0.5, where
 * π^k changes it. `blind`: at least half are below. `fixed`: at least half are above. `mixed`: none of these.
 */
export type HeadKind = 'soft' | 'blind' | 'fixed' | 'mixed';

/** The prompt's share on one head. */
export interface HeadSummary {
  readonly layer: number;
  readonly head: number;
  /** Whether means include it: it sees the whole dialogue, or no head does. */
  readonly inMeans: boolean;
  readonly kind: HeadKind;
  /** Distribution over its rows. */
  readonly spread: ShareSpread;
  /** Mean shares in the first turn, and in the last turn that at least half of the dialogues reached. */
  readonly first: number;
  readonly last: number;
  /** last / first; null with one turn, or if the first is below 0.01. */
  readonly left: Measured | null;
}

/**
 * Summarises every head.
 * @param turns numbers of the turns to compare, ascending, at least one
 */
export function summarizeHeads(
  { dialogues, grid, seeing, histograms }: Tally,
  turns: readonly number[],
): HeadSummary[] {
  const [from, to] = [turns[0]!, turns.at(-1)!];
  return histograms.map((histogram, pair) => {
    const meanIn = (turn: number): Statistic =>
      meanOf(
        dialogues.map((of): Score => {
          const heads = of.get(turn)?.heads;
          return heads === undefined ? NO_SCORE : { sum: heads.sums[pair]!, count: heads.rows };
        }),
      );
    const [inFirst, inLast] = [meanIn(from), meanIn(to)];
    const all = Int32Array.from({ length: dialogues.length }, (_, index) => index);
    const first = inFirst(all);
    const spread = histogram.spread();
    return {
      layer: Math.floor(pair / grid.heads),
      head: pair % grid.heads,
      inMeans: seeing.includes(pair),
      kind: kindOf(spread),
      spread,
      first,
      last: inLast(all),
      left:
        from === to || first < LEAST_SHARE
          ? null
          : measure(dialogues.length, (drawn) => inLast(drawn) / inFirst(drawn), { resamples: RESAMPLES }),
    };
  });
}

function kindOf({ above, below }: ShareSpread): HeadKind {
  if (1 - above - below >= 0.5) return 'soft';
  if (below >= 0.5) return 'blind';
  return above >= 0.5 ? 'fixed' : 'mixed';
}

/** Returns heads by their mean share, largest first. */
export function byShare(heads: readonly HeadSummary[]): HeadSummary[] {
  return [...heads].sort((a, b) => b.spread.mean - a.spread.mean);
}

/** Returns heads with something to lose by the part that is left, smallest first. */
export function byDecay(heads: readonly HeadSummary[]): (HeadSummary & { readonly left: Measured })[] {
  return heads
    .flatMap(({ left, ...head }) => (left === null ? [] : [{ ...head, left }]))
    .sort((a, b) => a.left.value - b.left.value);
}
