import type { TopLevelSpec } from 'vega-lite';
import { wrap } from './columns.js';
import { sourceLine, titleOf } from './figure-text.js';
import type { Series } from './line-chart.js';
import { type FigureLook, figureConfig, figureFrame, inkOf } from './look.js';
import {
  interpolation,
  SERIES_COLOURS,
  SERIES_DASHES,
  SERIES_SHAPES,
  seriesLegend,
  seriesScale,
} from './series-look.js';

/** Small plots side by side, or below each other on a phone, on the same axes; their titles say how they differ. */
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

const HEIGHT = 130;

/** How plots are arranged. */
interface Grid {
  readonly columns: number;
  /** Width of a plot, in pixels. */
  readonly width: number;
  /** The same in characters, as Vega estimates them. */
  readonly characters: number;
}

const GRID: Grid = { columns: 3, width: 190, characters: 19 };
const PHONE_GRID: Grid = { columns: 1, width: 240, characters: 30 };
/** More plots than six would make a column of several pages. */
const NARROW_GRID: Grid = { columns: 2, width: 106, characters: 15 };

function gridOf(plots: number, look: FigureLook): Grid {
  if (look !== 'phone') return GRID;
  return plots > 6 ? NARROW_GRID : PHONE_GRID;
}

/** Returns the plots as a Vega-Lite specification. Intervals are bands; one legend covers all plots. */
export function smallMultiplesSpec(
  { title, subtitle, x, y, domain, steps = false, panels, source }: SmallMultiples,
  look: FigureLook,
): TopLevelSpec {
  const ink = inkOf(look);
  const { columns, width, characters } = gridOf(panels.length, look);
  const interpolate = interpolation(steps);
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const values = panels.flatMap(({ title, series }) =>
    series.flatMap(({ name, points }) => points.map((point) => ({ panel: title, series: name, ...point }))),
  );
  const broken = Object.fromEntries(panels.map(({ title }) => [title, linesOf(title, characters)]));
  const legend = seriesLegend(names, look);
  const scale = <Range>(range: readonly Range[]) => ({ ...seriesScale(names, range), legend });
  return {
    ...figureFrame({ title, subtitle }, look),
    title: titleOf(title, subtitle, look),
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
        columns: Math.min(columns, panels.length),
        spacing: { row: 16, column: look === 'phone' ? 14 : 22 },
        spec: {
          width,
          height: HEIGHT,
          encoding: {
            x: {
              field: 'x',
              type: 'quantitative',
              scale: { zero: false, nice: false, padding: 6 },
              axis: { title: x, grid: false, tickCount: width < 150 ? 3 : 5, format: 'd' },
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
function linesOf(title: string, characters: number): string[] {
  if (title.length <= characters) return [title];
  return title.split(/(?<=,) /).flatMap((part) => wrap(part, characters));
}
