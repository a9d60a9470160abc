/**
 * Presentation of results: charts as Vega-Lite figures and as text, tables, numbers in words, and self-contained pages.
 * Pure functions from data to text. This room knows estimates and how to show them; it must not know models, dialogues,
 * files or terminals.
 */
export { type ColumnLine, sideBySide, wrap } from './columns.js';
export {
  type Column,
  csvOf,
  type DataTable,
  markdownTable,
  readableTable,
  type TableCell,
} from './data-table.js';
export { type FrontMembership, frontChartSpec } from './front-chart.js';
export { type HeatMap, heatMapSpec } from './heat-map.js';
export { embeddedJson, html, type Markup, trusted } from './html.js';
export { type ChartPoint, domainFromZero, type Figure, type Series, specOf } from './line-chart.js';
export type { FigureLook } from './look.js';
export { page } from './page.js';
export { smallMultiplesSpec } from './small-multiples.js';
export { figureSvg, pageFigure, specSvg } from './svg.js';
export { alignColumns, htmlTable, type Table, textTable } from './table.js';
export { textChart } from './text-chart.js';
export {
  durationText,
  estimateText,
  numberText,
  type Verdict,
  verdictOf,
} from './wording.js';
