import type { TopLevelSpec } from 'vega-lite';
import { wrap } from './columns.js';
import { charactersOf, sourceLine, titleOf } from './figure-text.js';
import { type FigureLook, figureConfig, figureFrame, panelTitle, plotWidth } from './look.js';

/** One grid of values, drawn as colours on its own scale. */
export interface HeatPanel {
  /** What the values are, with their unit. */
  readonly title: string;
  readonly domain: readonly [low: number, high: number];
  /** `[rows][columns]`; null where there is no value. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Grids of the same rows and columns side by side, or below each other on a phone, row 0 at the bottom, both counted from 0. */
export interface HeatMap {
  readonly title: string;
  readonly subtitle: string;
  /** Titles of columns and rows. */
  readonly x: string;
  readonly y: string;
  readonly panels: readonly HeatPanel[];
  /** Explanation of cells without a value, shown if there are any. */
  readonly absent: string;
  /** Where the numbers come from. */
  readonly source: string;
}

/**
 * One hue from light to dark in steps that look equal: lightness in OKLab falls evenly from 0.96 to 0.28. Lightness alone
 * carries the value, so the scale reads the same in grey and for every kind of colour vision.
 */
export const HEAT_COLOURS: readonly string[] = [
  '#eff2f6',
  '#ccddf2',
  '#a9c9ed',
  '#89b4e4',
  '#6b9fd8',
  '#5089c8',
  '#3975b5',
  '#26619d',
  '#184d83',
  '#103b66',
  '#0c2a48',
];
/** Colour of a cell without a value: brown, distinct from the scale's blue for every kind of colour vision. */
const ABSENT = '#b9aa9c';
/** Width of all columns of a panel, and the limits of a cell's size, in pixels. */
const PANEL_WIDTH = 290;
const CELL = { most: 34, least: 9 };
/** Cells of at least this size show their value, in pixels. */
const CELL_WITH_TEXT = 30;

/** Returns the map as a Vega-Lite specification. */
export function heatMapSpec(
  { title, subtitle, x, y, panels, absent, source }: HeatMap,
  look: FigureLook,
): TopLevelSpec {
  const isPhone = look === 'phone';
  const { panel: characters } = charactersOf(look);
  const cell = cellOf(panels[0]!, isPhone ? plotWidth(look) : PANEL_WIDTH);
  const resolve = { scale: { color: 'independent' as const } };
  const isAbsent = panels.some(({ values }) => values.some((row) => row.includes(null)));
  return {
    ...figureFrame({ title, subtitle }, look),
    title: titleOf(title, subtitle, look),
    spacing: 22,
    vconcat: [
      isPhone
        ? {
            spacing: 22,
            resolve,
            vconcat: panels.map((panel) => panelSpec(panel, { x, y, cell, characters })),
          }
        : {
            spacing: 28,
            resolve,
            hconcat: panels.map((panel, index) =>
              panelSpec(panel, { x, y: index === 0 ? y : null, cell, characters }),
            ),
          },
      sourceLine(isAbsent ? `${absent} · ${source}` : source, look),
    ],
    config: figureConfig(look),
  };
}

/** Returns the width and height of a cell, in pixels. */
function cellOf({ values }: HeatPanel, width: number): number {
  return Math.max(CELL.least, Math.min(CELL.most, Math.floor(width / values[0]!.length)));
}

function panelSpec(
  { title, domain, values }: HeatPanel,
  {
    x,
    y,
    cell,
    characters,
  }: { readonly x: string; readonly y: string | null; readonly cell: number; readonly characters: number },
) {
  const cells = values.flatMap((row, y) => row.map((value, x) => ({ x, y, value })));
  const axis = (of: string | null, count: number) => ({
    title: of,
    values: ticks(count, cell),
    labelAngle: 0,
    ticks: false,
    domain: false,
    labelPadding: 5,
    format: 'd',
  });
  const middle = (domain[0] + domain[1]) / 2;
  const place = {
    x: {
      field: 'x',
      type: 'ordinal' as const,
      axis: axis(x, values[0]!.length),
      scale: { paddingInner: 0.05, paddingOuter: 0 },
    },
    y: {
      field: 'y',
      type: 'ordinal' as const,
      sort: 'descending' as const,
      axis: axis(y, values.length),
      scale: { paddingInner: 0.05, paddingOuter: 0 },
    },
  };
  return {
    width: { step: cell },
    height: { step: cell },
    title: panelTitle(wrap(title, characters)),
    data: { values: cells },
    encoding: place,
    layer: [
      { transform: [{ filter: 'datum.value === null' }], mark: { type: 'rect' as const, color: ABSENT } },
      {
        transform: [{ filter: 'datum.value !== null' }],
        mark: { type: 'rect' as const },
        encoding: {
          color: {
            field: 'value',
            type: 'quantitative' as const,
            scale: {
              domain: [...domain],
              range: [...HEAT_COLOURS],
              interpolate: 'lab' as const,
              clamp: true,
            },
            legend: {
              title: null,
              orient: 'bottom' as const,
              direction: 'horizontal' as const,
              gradientLength: Math.max(90, cell * values[0]!.length),
              gradientThickness: 9,
              tickCount: 4,
            },
          },
        },
      },
      ...(cell < CELL_WITH_TEXT
        ? []
        : [
            {
              transform: [{ filter: 'datum.value !== null' }],
              mark: { type: 'text' as const, fontSize: 11 },
              encoding: {
                text: { field: 'value', type: 'quantitative' as const, format: '.2f' },
                color: {
                  condition: { test: `datum.value > ${middle}`, value: '#ffffff' },
                  value: '#10233a',
                },
              },
            },
          ]),
    ],
  };
}

/** Returns the rows or columns that get a label, from 0, spaced so that labels do not touch. */
function ticks(count: number, cell: number): number[] {
  const step = cell >= 16 ? 1 : cell * 2 >= 24 ? 2 : 5;
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
