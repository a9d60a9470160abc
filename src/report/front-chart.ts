import type { TopLevelSpec } from 'vega-lite';
import type { Estimate } from '../statistics/index.js';
import { wrap } from './columns.js';
import { charactersOf, sourceLine, titleOf } from './figure-text.js';
import { placeLabels } from './label-places.js';
import { type FigureLook, figureConfig, figureFrame, inkOf, plotWidth } from './look.js';
import { SERIES_COLOURS } from './series-look.js';

/** A chart of benefit (y) against cost (x), with intervals in both directions. */
export interface FrontChart {
  readonly title: string;
  readonly subtitle: string;
  /** Axis titles with units. */
  readonly x: string;
  readonly y: string;
  readonly marks: readonly FrontMark[];
  /** Where the numbers come from. */
  readonly source: string;
}

/** Whether a point is on a front. */
export type FrontMembership = 'yes' | 'uncertain' | 'no';

/** A point of a {@link FrontChart}. */
export interface FrontMark {
  readonly name: string;
  /** Cost, at least 0. */
  readonly x: Estimate;
  /** Benefit. */
  readonly y: Estimate;
  /** Whether its values are on the Pareto front: no other is as good in both and better in one of the two. */
  readonly onFront: boolean;
  /** Whether it is on the front for certain; `uncertain` if resamples disagree. */
  readonly membership: FrontMembership;
  /** Whether it is a control, which should not gain anything. */
  readonly isControl: boolean;
  /** Whether the others are compared with it. */
  readonly isBaseline: boolean;
}

const HEIGHT = 330;
/** The names of marks: the size of their letters, and of a letter's place. */
const LABEL = {
  wide: { fontSize: 12.5, characterWidth: 7.1, height: 16 },
  phone: { fontSize: 11, characterWidth: 6.3, height: 14 },
};

/**
 * Returns the chart as a Vega-Lite specification. Marks that are on the front for certain are filled, uncertain ones pale,
 * the others hollow; controls are triangles. A line joins the marks whose values are on the front. The baseline has the
 * same colour as in other figures. The cost axis has a square-root scale, which separates
 * small costs and includes zero.
 */
export function frontChartSpec(
  { title, subtitle, x, y, marks, source }: FrontChart,
  look: FigureLook,
): TopLevelSpec {
  const ink = inkOf(look);
  const size = { width: plotWidth(look), height: HEIGHT };
  const label = LABEL[look === 'phone' ? 'phone' : 'wide'];
  const most = Math.max(...marks.map((mark) => mark.x.high)) * 1.08 || 1;
  const domain = roomFor(marks.map((mark) => mark.y));
  const right = (value: number): number => Math.sqrt(value / most) * size.width;
  const down = (value: number): number => ((domain[1] - value) / (domain[1] - domain[0])) * size.height;
  const places = placeLabels(
    marks.map((mark) => ({
      x: right(mark.x.value),
      y: down(mark.y.value),
      text: mark.name,
      left: right(mark.x.low),
      right: right(mark.x.high),
      top: down(mark.y.high),
      bottom: down(mark.y.low),
    })),
    size,
    label,
  );
  const values = marks.map((mark) => ({
    name: mark.name,
    x: mark.x.value,
    xLow: mark.x.low,
    xHigh: mark.x.high,
    y: mark.y.value,
    yLow: mark.y.low,
    yHigh: mark.y.high,
    onFront: mark.onFront,
    membership: mark.membership,
    kind: mark.isControl ? 'control' : mark.membership,
    role: mark.isBaseline ? 'baseline' : 'other',
  }));
  const colour = {
    field: 'role',
    type: 'nominal' as const,
    scale: { domain: ['baseline', 'other'], range: SERIES_COLOURS.slice(0, 2) },
    legend: null,
  };
  const pixels = (field: string) => ({ field, type: 'quantitative' as const, scale: null });
  return {
    ...figureFrame({ title, subtitle }, look),
    title: titleOf(title, subtitle, look),
    spacing: 18,
    vconcat: [
      {
        ...size,
        data: { values },
        encoding: {
          x: {
            field: 'x',
            type: 'quantitative',
            scale: { type: 'sqrt', domain: [0, most], nice: false },
            axis: {
              title: look === 'phone' ? wrap(x, charactersOf(look).axis) : x,
              tickCount: 6,
              grid: true,
              labelFlush: false,
            },
          },
          y: {
            field: 'y',
            type: 'quantitative',
            scale: { domain, nice: false, zero: false },
            axis: {
              title: look === 'phone' ? wrap(y, charactersOf(look).axis) : y,
              offset: look === 'phone' ? 4 : 12,
              tickCount: 5,
              domain: false,
              ticks: false,
              labelPadding: 6,
            },
          },
        },
        layer: [
          {
            transform: [{ filter: 'datum.onFront' }],
            mark: { type: 'line', strokeWidth: 1.6, strokeDash: [5, 4], color: ink, opacity: 0.55 },
          },
          {
            mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.6 },
            encoding: { x: { field: 'xLow' }, x2: { field: 'xHigh' }, color: colour },
          },
          {
            mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.6 },
            encoding: { y: { field: 'yLow' }, y2: { field: 'yHigh' }, color: colour },
          },
          {
            mark: { type: 'point', size: 80, strokeWidth: 2, opacity: 1 },
            encoding: {
              color: colour,
              fill: {
                condition: [
                  { test: "datum.membership === 'no'", value: null },
                  { test: "datum.role === 'baseline'", value: SERIES_COLOURS[0]! },
                ],
                value: SERIES_COLOURS[1]!,
              },
              fillOpacity: { condition: { test: "datum.membership === 'uncertain'", value: 0.3 }, value: 1 },
              shape: {
                field: 'kind',
                type: 'nominal',
                scale: {
                  domain: ['yes', 'uncertain', 'no', 'control'],
                  range: ['circle', 'circle', 'square', 'triangle-up'],
                },
                legend: null,
              },
            },
          },
          {
            data: { values: places.flatMap(({ leader }) => (leader === null ? [] : [leader])) },
            mark: { type: 'rule', strokeWidth: 1, color: ink, opacity: 0.7 },
            encoding: {
              x: pixels('x1'),
              y: pixels('y1'),
              x2: { field: 'x2' },
              y2: { field: 'y2' },
            },
          },
          {
            data: { values: places.map(({ x, y }, at) => ({ name: marks[at]!.name, x, y })) },
            mark: {
              type: 'text',
              align: 'left',
              baseline: 'middle',
              fontSize: label.fontSize,
              fontWeight: 600,
              color: ink,
            },
            encoding: {
              x: pixels('x'),
              y: pixels('y'),
              text: { field: 'name', type: 'nominal' },
            },
          },
        ],
        resolve: { scale: { x: 'shared' } },
      },
      sourceLine(source, look),
    ],
    config: figureConfig(look),
  };
}

/** Returns a range that includes all intervals and a margin. */
function roomFor(estimates: readonly Estimate[]): [low: number, high: number] {
  const low = Math.min(...estimates.map((estimate) => estimate.low));
  const high = Math.max(...estimates.map((estimate) => estimate.high));
  const room = Math.max(0.02, 0.08 * (high - low));
  return [low - room, high + room];
}
