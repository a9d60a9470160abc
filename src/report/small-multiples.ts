import type { TopLevelSpec } from 'vega-lite';
import { wrap } from './columns.js';
import { sourceLine, titleOf } from './figure-text.js';
import type { Series } from './line-chart.js';
import { type FigureLook, figureConfig, figureFrame, inkOf } from './look.js';
import { interpolation, SERIES_COLOURS, SERIES_DASHES, SERIES_SHAPES, seriesScale } from './series-look.js';

/** Small plots side by side, on the same axes; their titles say how they differ. */
export interface SmallMultiples {
  readonly title: string;
  readonly subtitle: string;
  /** Axis titles with units. */
  readonly x: string;
  readonly y: string;
  readonly domain: readonly [low: number, high: number];
  /** Whether a value stays until the next point, as in a survival curve; default: no, points are joined by lines. */
  readonly steps?: boolean;
  readonly panels: readonly SmallPanel[];
  /** Where the numbers come from. */
  readonly source: string;
}

/** One plot of {@link SmallMultiples}. */
export interface SmallPanel {
  readonly title: string;
  /** A series has the same colour, dash and shape in every panel, by its name. */
  readonly series: readonly Series[];
}

const COLUMNS = 3;
const WIDTH = 190;
const HEIGHT = 130;
/** Width of a plot, in characters as Vega estimates them. */
const TITLE_CHARACTERS = 19;

/** Returns the plots as a Vega-Lite specification. Intervals are bands; one legend covers all plots. */
export function smallMultiplesSpec(
  { title, subtitle, x, y, domain, steps = false, panels, source }: SmallMultiples,
  look: FigureLook,
): TopLevelSpec {
  const ink = inkOf(look);
  const interpolate = interpolation(steps);
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const values = panels.flatMap(({ title, series }) =>
    series.flatMap(({ name, points }) => points.map((point) => ({ panel: title, series: name, ...point }))),
  );
  const broken = Object.fromEntries(panels.map(({ title }) => [title, linesOf(title)]));
  const legend = {
    title: null,
    orient: 'top' as const,
    direction: 'horizontal' as const,
    symbolStrokeWidth: 0,
    symbolSize: 70,
    symbolOpacity: 1,
    labelFontSize: 12,
    labelLimit: 260,
  };
  const scale = <Range>(range: readonly Range[]) => ({ ...seriesScale(names, range), legend });
  return {
    ...figureFrame({ title, subtitle }, look),
    title: titleOf(title, subtitle),
    spacing: 18,
    vconcat: [
      {
        data: { values },
        facet: {
          field: 'panel',
          type: 'nominal',
          sort: panels.map(({ title }) => title),
          title: null,
          header: {
            // Titles are wrapped, never cut: two may differ only at their ends.
            labelExpr: `${JSON.stringify(broken)}[datum.value]`,
            labelAnchor: 'start',
            labelFontSize: 12.5,
            labelFontWeight: 600,
            labelColor: ink,
            labelPadding: 4,
            labelLineHeight: 15,
            labelLimit: 0,
          },
        },
        columns: Math.min(COLUMNS, panels.length),
        spacing: { row: 16, column: 22 },
        spec: {
          width: WIDTH,
          height: HEIGHT,
          encoding: {
            x: {
              field: 'x',
              type: 'quantitative',
              scale: { zero: false, nice: false, padding: 6 },
              axis: { title: x, grid: false, tickCount: 5, format: 'd' },
            },
            y: {
              field: 'value',
              type: 'quantitative',
              scale: { domain: [...domain], nice: false },
              axis: { title: y, tickCount: 4, domain: false, ticks: false, labelPadding: 6 },
            },
            color: scale(SERIES_COLOURS),
          },
          layer: [
            {
              mark: { type: 'area', interpolate, opacity: 0.18 },
              encoding: { y: { field: 'low' }, y2: { field: 'high' } },
            },
            {
              mark: { type: 'line', interpolate, strokeWidth: 2 },
              encoding: { strokeDash: scale(SERIES_DASHES) },
            },
            {
              mark: { type: 'point', filled: true, opacity: 1, size: 22 },
              encoding: { shape: scale(SERIES_SHAPES) },
            },
          ],
        },
      },
      sourceLine(source, look),
    ],
    config: figureConfig(look),
  };
}

/** Breaks a long title after commas, and within the parts where needed. */
function linesOf(title: string): string[] {
  if (title.length <= TITLE_CHARACTERS) return [title];
  return title.split(/(?<=,) /).flatMap((part) => wrap(part, TITLE_CHARACTERS));
}
