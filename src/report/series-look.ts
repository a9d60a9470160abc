/**
 * How the series of a figure are told apart: by colour, dash and shape at once, so that no one of them has to be seen.
 * At most four series.
 */

/** Orange and blue keep apart for every kind of colour sight, and stand out on white and on near-black. */
export const SERIES_COLOURS: readonly string[] = ['#d2691e', '#2f81d7', '#7a8a3a', '#a04a8a'];
export const SERIES_DASHES: readonly (readonly number[])[] = [
  [6, 4],
  [1, 0],
  [2, 3],
  [8, 3, 2, 3],
];
export const SERIES_SHAPES: readonly string[] = ['circle', 'square', 'diamond', 'triangle-up'];

/** What encodes `series` by one of these, without a legend of its own. */
export function seriesScale<Range>(names: readonly string[], range: readonly Range[]) {
  return {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...names], range: range.slice(0, names.length) },
    legend: null,
  };
}
