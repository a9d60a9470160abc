import type { TopLevelSpec } from 'vega-lite';
import { wrap } from './columns.js';
import { charactersOf, sourceLine, titleOf } from './figure-text.js';
import { type FigureLook, figureConfig, figureFrame, panelTitle, plotWidth } from './look.js';
import {
  interpolation,
  SERIES_COLOURS,
  SERIES_DASHES,
  SERIES_SHAPES,
  seriesLegend,
  seriesScale,
} from './series-look.js';

/** A value at a place on the x axis, with its interval; without one, `low` and `high` equal `value`. */
export interface ChartPoint {
  readonly x: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A named line. */
export interface Series {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

/** One plot of a figure. */
export interface Panel {
  /** What the values are, with their unit. */
  readonly title: string;
  readonly domain: readonly [low: number, high: number];
  /** In pixels. */
  readonly height: number;
  readonly series: readonly Series[];
}

/** Plots of the same series, stacked over one x axis; intervals are drawn as bands. */
export interface Figure {
  readonly title: string;
  readonly subtitle: string;
  /** Title of the x axis, with its unit. */
  readonly x: string;
  /** Whether x is measured rather than counted: then ticks are at round numbers instead of at the points. */
  readonly continuous?: boolean;
  /** Whether a value stays until the next point, as in a survival curve; default: no, points are joined by lines. */
  readonly steps?: boolean;
  readonly panels: readonly Panel[];
  /** Where the numbers come from. */
  readonly source: string;
}

/** Lines with more points are drawn without marks, which would hide them. */
const MOST_POINTS = 20;
/** Minimum distance of two labels at the ends of lines, in pixels. */
const LABEL_HEIGHT = 17;

/** What the panels of a figure share. */
interface Shared {
  readonly look: FigureLook;
  readonly names: readonly string[];
  /** The places of values along x, ascending. */
  readonly places: readonly number[];
  readonly continuous: boolean;
  readonly interpolate: ReturnType<typeof interpolation>;
}

/** Returns the figure as a Vega-Lite specification. On a phone a legend names the lines: there is no room beside them. */
export function specOf(
  { title, subtitle, x, continuous = false, steps = false, panels, source }: Figure,
  look: FigureLook,
): TopLevelSpec {
  const names = panels[0]!.series.map(({ name }) => name);
  const places = panels[0]!.series[0]!.points.map((point) => point.x);
  const shared: Shared = { look, names, places, continuous, interpolate: interpolation(steps) };
  return {
    ...figureFrame({ title, subtitle }, look),
    title: titleOf(title, subtitle, look),
    spacing: 22,
    vconcat: [
      ...panels.map((panel, at) => panelSpec(panel, shared, at === panels.length - 1 ? x : null)),
      sourceLine(source, look),
    ],
    config: figureConfig(look),
  };
}

function panelSpec(
  { title, domain, height, series }: Panel,
  { look, names, places, continuous, interpolate }: Shared,
  x: string | null,
) {
  const isPhone = look === 'phone';
  const legend = isPhone && names.length > 1 ? seriesLegend(names, look) : null;
  const scale = <Range>(range: readonly Range[]) => ({ ...seriesScale(names, range), legend });
  const values = series.flatMap(({ name, points }) => points.map((point) => ({ series: name, ...point })));
  return {
    width: plotWidth(look),
    height,
    title: panelTitle(isPhone ? wrap(title, charactersOf(look).panel) : title),
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        scale: { domain: [places[0]!, places.at(-1)!], nice: false, padding: 8 },
        axis: {
          ...(continuous ? { tickCount: isPhone ? 4 : 8 } : { values: [...places] }),
          title: x,
          grid: false,
          format: 'd',
        },
      },
      y: {
        field: 'value',
        type: 'quantitative' as const,
        scale: { domain: [...domain], nice: false },
        axis: { title: null, tickCount: 5, domain: false, ticks: false, labelPadding: 6 },
      },
      color: scale(SERIES_COLOURS),
    },
    layer: [
      {
        mark: { type: 'area' as const, interpolate, opacity: 0.16 },
        encoding: { y: { field: 'low' }, y2: { field: 'high' } },
      },
      {
        mark: { type: 'line' as const, interpolate, strokeWidth: 2.2 },
        encoding: { strokeDash: scale(SERIES_DASHES) },
      },
      ...(places.length > MOST_POINTS
        ? []
        : [
            {
              mark: { type: 'point' as const, filled: true, opacity: 1, size: isPhone ? 24 : 42 },
              encoding: { shape: scale(SERIES_SHAPES) },
            },
          ]),
      ...(isPhone
        ? []
        : [
            {
              data: { values: endLabels(series, domain, height) },
              mark: {
                type: 'text' as const,
                align: 'left' as const,
                dx: 10,
                fontSize: 12.5,
                fontWeight: 600 as const,
              },
              encoding: { y: { field: 'at' }, text: { field: 'label', type: 'nominal' as const } },
            },
          ]),
    ],
  };
}

/** Places a label beside the last point of each line. Labels that would overlap are moved apart. */
function endLabels(series: readonly Series[], [low, high]: Panel['domain'], height: number) {
  const gap = (LABEL_HEIGHT / height) * (high - low);
  const ends = series.map(({ name, points }) => {
    const { x, value } = points.at(-1)!;
    return { series: name, x, at: value, label: `${name} ${value.toFixed(2)}` };
  });
  return [...new Set(ends.map(({ x }) => x))].flatMap((place) => {
    const labels = ends.filter(({ x }) => x === place).sort((a, b) => a.at - b.at);
    const before = labels.reduce((sum, { at }) => sum + at, 0);
    for (const [index, label] of labels.entries()) {
      label.at = Math.max(label.at, (labels[index - 1]?.at ?? Number.NEGATIVE_INFINITY) + gap);
    }
    // The loop only moves labels up, so shift all of them down again: their mean stays in place.
    const raised = (labels.reduce((sum, { at }) => sum + at, 0) - before) / labels.length;
    return labels.map((label) => ({ ...label, at: label.at - raised }));
  });
}

/** Returns a range of values from zero that holds all points with their intervals. */
export function domainFromZero(points: readonly ChartPoint[]): readonly [low: number, high: number] {
  const top = Math.max(...points.map(({ high }) => high));
  return [0, top > 0 ? 1.05 * top : 1];
}
