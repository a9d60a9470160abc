import type { Blueprint } from '../../architectures/index.js';
import type { Target } from '../../attention/index.js';
import { type RowObservation, sharesAt } from '../../dialogue/index.js';
import { headGrid } from '../../engine/index.js';
import { pairsThatSeeAll } from '../../measure/index.js';
import { type ShareSpread, spreadOf } from '../../statistics/index.js';
import type { RoundRecord } from '../plan/index.js';
import { rounded } from './digits.js';

/** Digits of each head's share: there are hundreds in every round. */
const HEAD_DIGITS = 4;

/** The prompt and the controls, whatever an arm acts on. */
export const CONTROL_TARGETS: readonly Target[] = [
  { kind: 'message' },
  { kind: 'sink' },
  { kind: 'template' },
  { kind: 'random', seed: 0 },
];

/** Collects the shares of the rows of one answer. */
export interface ShareBook {
  /** @param row observed with {@link CONTROL_TARGETS} */
  add(row: RowObservation): void;
  shares(): Pick<RoundRecord, 'share' | 'spread' | 'heads' | 'controls'>;
}

export function createShareBook(blueprint: Blueprint): ShareBook {
  const grid = headGrid(blueprint);
  const seeing = pairsThatSeeAll(blueprint);
  const heads = new Float64Array(grid.layers * grid.heads);
  /** The prompt's share in each row and each head that sees the whole dialogue. */
  const shares: number[] = [];
  const sums = { after: 0, sink: 0, template: 0, random: 0 };
  let rows = 0;
  let hasRandom = true;

  return {
    add({ watched, shares: { spans } }) {
      // Requested with every answer; a target without tokens has no share.
      const [prompt, sink, template, random] = watched.map((at) => sharesAt(spans!, at ?? []));
      rows++;
      hasRandom &&= watched[3] !== null;
      for (const [pair, share] of prompt!.before.entries()) heads[pair]! += share;
      for (const pair of seeing) {
        shares.push(prompt!.before[pair]!);
        sums.after += prompt!.after[pair]!;
        sums.sink += sink!.before[pair]!;
        sums.template += template!.before[pair]!;
        sums.random += random!.before[pair]!;
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
          random: hasRandom ? mean(sums.random) : null,
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
