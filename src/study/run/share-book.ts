import type { Blueprint } from '../../architectures/index.js';
import { headsInMeans, seesTarget, type Target, tokensBefore } from '../../attention/index.js';
import { createShareMeter, type RowObservation, sharesAt } from '../../dialogue/index.js';
import { headGrid } from '../../engine/index.js';
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
  shares(): Pick<RoundRecord, 'systemTokens' | 'share' | 'spread' | 'heads' | 'controls'>;
}

export function createShareBook(blueprint: Blueprint): ShareBook {
  const grid = headGrid(blueprint);
  const { pairs, window } = headsInMeans(grid);
  const meters = CONTROL_TARGETS.map(() => createShareMeter(grid));
  /** The prompt's share in each row that sees it and each head of the means. */
  const shares: number[] = [];
  let systemTokens = 0;
  let hasRandom = true;

  return {
    add({ position, watched, shares: { spans } }) {
      for (const [index, at] of watched.entries()) {
        if (at === null) continue;
        const of = sharesAt(spans!, at); // requested with every answer
        const ranges = at.map((place) => spans!.ranges[place]!);
        meters[index]!.add(of, position - 1, ranges);
        if (index === 0) systemTokens = tokensBefore(ranges, position);
        if (index === 0 && seesTarget(window, position - 1, ranges)) {
          for (const pair of pairs) shares.push(of.before[pair]!);
        }
      }
      hasRandom &&= watched[3] !== null;
    },
    shares() {
      const [prompt, sink, template, random] = meters.map((meter) => meter.mean());
      const spread = shares.length === 0 ? null : roundedSpread(shares);
      return {
        systemTokens,
        share: { before: spread?.mean ?? null, after: roundedOrNull(prompt?.mean?.after) },
        spread,
        heads: Array.from(prompt?.heads.before ?? [], (share) =>
          Number.isNaN(share) ? null : rounded(share, HEAD_DIGITS),
        ),
        controls: {
          sink: roundedOrNull(sink?.mean?.before),
          template: roundedOrNull(template?.mean?.before),
          random: hasRandom ? roundedOrNull(random?.mean?.before) : null,
        },
      };
    },
  };
}

const roundedOrNull = (value: number | undefined): number | null =>
  value === undefined ? null : rounded(value);

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
