import type { Blueprint } from '../../architectures/index.js';
import type { RowObservation } from '../../dialogue/index.js';
import { headGrid } from '../../engine/index.js';
import { pairsThatSeeAll, type Regions } from '../../measure/index.js';
import { type ShareSpread, spreadOf } from '../../statistics/index.js';
import type { Span, TokenRange } from '../../text/index.js';
import type { RoundRecord } from '../plan/index.js';
import { rounded } from './digits.js';

/** Digits of each head's share: there are hundreds in every round. */
const HEAD_DIGITS = 4;

/** What the rows of one answer paid attention to. */
export interface ShareBook {
  /** Spans have to be cut at the borders of the regions. */
  add(row: RowObservation): void;
  shares(): Pick<RoundRecord, 'share' | 'spread' | 'heads' | 'controls'>;
}

export function createShareBook(blueprint: Blueprint, { prefix, random }: Regions): ShareBook {
  const grid = headGrid(blueprint);
  const pairs = grid.layers * grid.heads;
  const seeing = pairsThatSeeAll(blueprint);
  const heads = new Float64Array(pairs);
  /** Of each row and pair that sees all. */
  const shares: number[] = [];
  const sums = { after: 0, sink: 0, template: 0, random: 0 };
  let rows = 0;
  let reachesRandom = true;

  return {
    add({ spans, shares: { spans: all } }) {
      const { before, after } = all!; // asked for with every answer
      const within =
        (range: TokenRange) =>
        ({ start, end }: TokenRange) =>
          start >= range.start && end <= range.end;
      const places = (matches: (span: Span) => boolean): number[] =>
        spans.flatMap((span, place) => (matches(span) ? [place] : []));
      const shareIn = (of: Float32Array, at: readonly number[], pair: number): number =>
        at.reduce((sum, place) => sum + of[pair * spans.length + place]!, 0);

      const inPrefix = places(within(prefix));
      const controls = {
        sink: places(({ role }) => role === 'sink'),
        template: places(({ role }) => role === 'template'),
        random: places(within(random)),
      };
      rows++;
      reachesRandom &&= spans.at(-1)!.end >= random.end;
      for (let pair = 0; pair < pairs; pair++) heads[pair]! += shareIn(before, inPrefix, pair);
      for (const pair of seeing) {
        shares.push(shareIn(before, inPrefix, pair));
        sums.after += shareIn(after, inPrefix, pair);
        sums.sink += shareIn(before, controls.sink, pair);
        sums.template += shareIn(before, controls.template, pair);
        sums.random += shareIn(before, controls.random, pair);
      }
    },
    shares() {
      const mean = (sum: number): number => rounded(sum / (rows * seeing.length));
      const spread = roundedSpread(shares);
      return {
        share: { before: spread.mean, after: mean(sums.after) },
        spread,
        heads: Array.from(heads, (sum) => rounded(sum / rows, HEAD_DIGITS)),
        controls: {
          sink: mean(sums.sink),
          template: mean(sums.template),
          random: reachesRandom ? mean(sums.random) : null,
        },
      };
    },
  };
}

function roundedSpread(shares: readonly number[]): ShareSpread {
  const { mean, median, ninetieth, above, below } = spreadOf(shares);
  return {
    mean: rounded(mean),
    median: rounded(median),
    ninetieth: rounded(ninetieth),
    above: rounded(above),
    below: rounded(below),
  };
}
