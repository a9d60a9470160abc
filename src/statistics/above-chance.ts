import { NO_INTERVAL, type RatioRange } from './bounded.js';
import { DIFFERENCES, SCORES } from './range.js';
import type { Statistic } from './statistic.js';

/**
 * Returns the range of stability above chance, κ = (s − c) / (1 − c) for the mean stability s and the mean chance c of the
 * same probes. Both are means of scores 0…1, and κ rises with s and falls with c: so for given probes it is between
 * −c / (1 − c), if none is answered as the prompt asks, and 1. Its bounded interval reaches from the lower end of s at the
 * upper end of c to the upper end of s at the lower end of c. If chance may be 1, κ may be anything: there is no interval.
 */
export function rangeAboveChance(stability: Statistic, chance: Statistic): RatioRange {
  return {
    parts: [
      { statistic: stability, range: SCORES },
      { statistic: chance, range: SCORES },
    ],
    ends: ([s, c]) =>
      c!.high < 1
        ? { low: (s!.low - c!.high) / (1 - c!.high), high: (s!.high - c!.low) / (1 - c!.low) }
        : NO_INTERVAL,
  };
}

/**
 * Returns the range of a change of stability above chance, d / (1 − c), where d is the change of stability, −1…1, and c the
 * chance of the probes. There is no interval if chance may be 1.
 */
export function changeRangeAboveChance(change: Statistic, chance: Statistic): RatioRange {
  return {
    parts: [
      { statistic: change, range: DIFFERENCES },
      { statistic: chance, range: SCORES },
    ],
    ends: ([d, c]) =>
      c!.high < 1
        ? {
            low: d!.low / (1 - (d!.low < 0 ? c!.high : c!.low)),
            high: d!.high / (1 - (d!.high > 0 ? c!.high : c!.low)),
          }
        : NO_INTERVAL,
  };
}
