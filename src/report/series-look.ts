import { wrap } from './columns.js';
import type { FigureLook } from './look.js';

/**
 * Series of a figure differ in colour, dash and shape at once, so each of the three is enough to identify a series. At
 * most four series.
 */

/** Orange and blue are distinct for every kind of colour vision, and stand out on white and on near-black. */
export const SERIES_COLOURS: readonly string[] = ['#d2691e', '#2f81d7', '#7a8a3a', '#a04a8a'];
/** Lengths of dash and gap in pixels. */
export const SERIES_DASHES: readonly (readonly number[])[] = [
  [6, 4],
  [1, 0],
  [2, 3],
  [8, 3, 2, 3],
];
export const SERIES_SHAPES: readonly string[] = ['circle', 'square', 'diamond', 'triangle-up'];

/** Returns an encoding of the field `series` by one of the ranges above, without a legend. */
export function seriesScale<Range>(names: readonly string[], range: readonly Range[]) {
  return {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...names], range: range.slice(0, names.length) },
    legend: null,
  };
}

/** Longest lines of a legend on a phone, in characters as Vega estimates them. */
const LEGEND_CHARACTERS = 27;

/** Returns a legend above the plots: in a row, or on a phone one name below the other, wrapped. */
export function seriesLegend(names: readonly string[], look: FigureLook) {
  const legend = {
    title: null,
    orient: 'top' as const,
    symbolStrokeWidth: 0,
    symbolSize: 70,
    symbolOpacity: 1,
    labelFontSize: 12,
  };
  if (look !== 'phone') return { ...legend, direction: 'horizontal' as const, labelLimit: 260 };
  const lines = Object.fromEntries(names.map((name) => [name, wrap(name, LEGEND_CHARACTERS)]));
  return {
    ...legend,
    direction: 'vertical' as const,
    labelLimit: 0,
    labelExpr: `${JSON.stringify(lines)}[datum.label]`,
  };
}

/** Returns how points are joined: by lines, or by steps, where a value stays until the next point. */
export function interpolation(steps: boolean): 'linear' | 'step-after' {
  return steps ? 'step-after' : 'linear';
}
