import {
  headMask,
  headsInMeans,
  meanOverHeads,
  POLICY_RULES,
  type ScheduledStrength,
  type SightedGrid,
  seesTarget,
  type TokenRange,
} from '../attention/index.js';
import type { Settings } from './settings.js';
import type { HeadShares } from './shares.js';

/** Collects the rows of an answer in which a schedule could not bring the mean share to the one it asks for. */
export interface ReachMeter {
  /**
   * @param row position of the row's token
   * @param scheduled the strength in this row
   */
  add(row: number, scheduled: ScheduledStrength, shares: HeadShares): void;
  /** Returns which means the rows have had instead, as text; null if no row missed the share. */
  readonly notice: string | null;
}

interface Misses {
  rows: number;
  /** The mean share closest to the one asked for, and the strength of its row. */
  closest: number;
  strength: number;
}

/** Returns a meter for an answer. It reads the mean share from the result, over the heads that the policy acts on. */
export function createReachMeter(
  { policy, schedule, selection }: Settings,
  grid: SightedGrid,
  target: readonly TokenRange[],
): ReachMeter {
  const heads = headsInMeans(grid, headMask(selection, grid));
  const asked = schedule?.kind === 'target' ? schedule.share : null;
  const below: Misses = { rows: 0, closest: Number.NEGATIVE_INFINITY, strength: 0 };
  const above: Misses = { rows: 0, closest: Number.POSITIVE_INFINITY, strength: 0 };
  let rows = 0;
  const text = (side: 'below' | 'above', misses: Misses, limit: string): string =>
    `the mean share stayed ${side} ${asked} in ${misses.rows} of ${rows} rows: ` +
    `${misses.closest.toFixed(3)} at ${limit}, with ${POLICY_RULES[policy].symbol} = ${Number(misses.strength.toPrecision(4))}`;
  return {
    add(row, { strength, missed }, { after }) {
      if (asked === null || !seesTarget(heads.window, row, target)) return;
      rows++;
      const mean = meanOverHeads(heads, after);
      // The strength follows from the row before: this row may have passed the share.
      if (missed === null || missed !== (mean < asked ? 'below' : 'above')) return;
      const misses = missed === 'below' ? below : above;
      misses.rows++;
      if (Math.abs(mean - asked) >= Math.abs(misses.closest - asked)) return;
      misses.closest = mean;
      misses.strength = strength;
    },
    get notice() {
      const texts = [
        ...(below.rows > 0 ? [text('below', below, 'most')] : []),
        ...(above.rows > 0 ? [text('above', above, 'least')] : []),
      ];
      return texts.length === 0 ? null : texts.join('; ');
    },
  };
}
