import type { Series } from './line-chart.js';

/** A line chart for a terminal, over the integers from 1, one point per integer. */
export interface TextChart {
  readonly title: string;
  /** What the integers count. */
  readonly x: string;
  readonly domain: readonly [low: number, high: number];
  /** At most two. Each has its own mark, so that the chart is readable without colour. */
  readonly series: readonly Series[];
}

const MARKS = ['o', '■'] as const;
/** The mark where points of both series coincide. */
const BOTH = '◆';
const ROWS = 11;
/** Characters from one point to the next. */
const STEP = 5;

/**
 * Returns the chart as lines.
 * @param paint colours text that belongs to a series, given by its index
 * @returns lines, the title first, the legend last
 */
export function textChart(
  { title, x, domain, series }: TextChart,
  paint: (text: string, series: number) => string = (text) => text,
): string[] {
  const [low, high] = domain;
  const columns = (series[0]!.points.length - 1) * STEP + 1;
  const grid = Array.from({ length: ROWS }, () => Array<string>(columns).fill(' '));
  const rowOf = (value: number): number =>
    Math.min(ROWS - 1, Math.max(0, Math.round(((high - value) / (high - low)) * (ROWS - 1))));

  for (const [index, { points }] of series.entries()) {
    for (let column = 0; column < columns; column++) {
      const value = interpolate(points, column / STEP);
      if (column % STEP !== 0) grid[rowOf(value)]![column] = paint('·', index);
    }
  }
  // Points last, so that no line covers them.
  for (const [index, { points }] of series.entries()) {
    for (const [at, { value }] of points.entries()) {
      const row = grid[rowOf(value)]!;
      const taken = series.slice(0, index).some((other) => rowOf(other.points[at]!.value) === rowOf(value));
      row[at * STEP] = taken ? BOTH : paint(MARKS[index]!, index);
    }
  }

  const label = (row: number): string =>
    row % 2 === 0 ? (high - (row / (ROWS - 1)) * (high - low)).toFixed(2) : '    ';
  const ticks = series[0]!.points.map(({ x: at }, index) =>
    index === 0 ? String(at) : String(at).padStart(STEP),
  );
  const legend = series.map(({ name }, index) => paint(`${MARKS[index]} ${name}`, index));
  return [
    title,
    ...grid.map((row, index) => `${label(index)} ┤${row.join('')}`.trimEnd()),
    `     └${'─'.repeat(columns)}`,
    `      ${ticks.join('')}  ${x}`,
    `      ${[...legend, ...(series.length > 1 ? [`${BOTH} both`] : [])].join('   ')}`,
  ];
}

function interpolate(points: Series['points'], at: number): number {
  const before = points[Math.floor(at)]!.value;
  const after = points[Math.min(Math.ceil(at), points.length - 1)]!.value;
  return before + (after - before) * (at - Math.floor(at));
}
