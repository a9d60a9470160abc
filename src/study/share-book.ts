import type { Blueprint } from '../architectures/index.js';
import { layoutPrompt, type RowObservation } from '../dialogue/index.js';
import { headGrid } from '../engine/index.js';
import { quantile } from '../measure/index.js';
import type { ChatFormat, Message, Span, TokenRange } from '../text/index.js';
import { randomSpan } from './arm-in-dialogue.js';
import { rounded } from './digits.js';
import type { RoundRecord, ShareSpread } from './record.js';

/** Digits of each head's share: there are hundreds in every round. */
const HEAD_DIGITS = 4;

/** Parts of a dialogue that lie where they lie from its first prompt on. */
export interface Regions {
  /** The end of the prefix: of the system message, with all before it. */
  readonly prefixEnd: number;
  /** The target `random:0`. */
  readonly random: TokenRange;
}

/** @param messages the dialogue's first, up to a user's */
export function regionsOf(format: ChatFormat, messages: readonly Message[]): Regions {
  const { system } = layoutPrompt(format, messages, { trustContent: false });
  const prefixEnd = system!.message.end;
  return { prefixEnd, random: randomSpan(0, prefixEnd) };
}

/** What the rows of one answer paid attention to. */
export interface ShareBook {
  /** Spans have to be cut at the borders of the regions. */
  add(row: RowObservation): void;
  shares(): Pick<RoundRecord, 'share' | 'spread' | 'heads' | 'controls'>;
}

export function createShareBook(blueprint: Blueprint, { prefixEnd, random }: Regions): ShareBook {
  const grid = headGrid(blueprint);
  const pairs = grid.layers * grid.heads;
  const seeing = pairsThatSeeAll(blueprint, grid.heads);
  const heads = new Float64Array(pairs);
  /** Of each row and pair that sees all. */
  const prefix: number[] = [];
  const sums = { after: 0, sink: 0, template: 0, random: 0 };
  let rows = 0;
  let reachesRandom = true;

  return {
    add({ spans, shares }) {
      const { before, after } = shares.spans!;
      const within =
        (range: TokenRange) =>
        ({ start, end }: TokenRange) =>
          start >= range.start && end <= range.end;
      const places = (matches: (span: Span) => boolean): number[] =>
        spans.flatMap((span, place) => (matches(span) ? [place] : []));
      const shareIn = (of: Float32Array, at: readonly number[], pair: number): number =>
        at.reduce((sum, place) => sum + of[pair * spans.length + place]!, 0);

      const inPrefix = places(within({ start: 0, end: prefixEnd }));
      const controls = {
        sink: places(({ role }) => role === 'sink'),
        template: places(({ role }) => role === 'template'),
        random: places(within(random)),
      };
      rows++;
      reachesRandom &&= spans.at(-1)!.end >= random.end;
      for (let pair = 0; pair < pairs; pair++) heads[pair]! += shareIn(before, inPrefix, pair);
      for (const pair of seeing) {
        prefix.push(shareIn(before, inPrefix, pair));
        sums.after += shareIn(after, inPrefix, pair);
        sums.sink += shareIn(before, controls.sink, pair);
        sums.template += shareIn(before, controls.template, pair);
        sums.random += shareIn(before, controls.random, pair);
      }
    },
    shares() {
      const mean = (sum: number): number => rounded(sum / (rows * seeing.length));
      const spread = spreadOf(prefix);
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

/** Heads of the layers that see the whole dialogue; all where every layer sees a window only. */
function pairsThatSeeAll({ layers }: Blueprint, heads: number): number[] {
  const all = Array.from({ length: layers.length * heads }, (_, pair) => pair);
  const seeing = all.filter((pair) => layers[Math.floor(pair / heads)]!.attention.window === null);
  return seeing.length === 0 ? all : seeing;
}

function spreadOf(shares: readonly number[]): ShareSpread {
  const sorted = Float64Array.from(shares).sort();
  const fraction = (matches: (share: number) => boolean): number =>
    rounded(sorted.filter(matches).length / sorted.length);
  return {
    mean: rounded(sorted.reduce((sum, share) => sum + share, 0) / sorted.length),
    median: rounded(quantile(sorted, 0.5)),
    ninetieth: rounded(quantile(sorted, 0.9)),
    above: fraction((share) => share > 0.5),
    below: fraction((share) => share < 0.001),
  };
}
