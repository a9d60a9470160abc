import type { ChartPoint, Figure, HeatMap, Series } from '../report/index.js';
import { FEWEST_CLUSTERS, type Measured } from './estimates.js';
import { type HeadSummary, LEAST_SHARE } from './head-summary.js';
import type { ShareColumn } from './share-columns.js';
import { clusterWord, type DecaySummary, type Place } from './summary.js';

/** Texts of a figure. */
export interface FigureWords {
  /** The model's name. */
  readonly model: string;
  /** Where the numbers come from, one line. */
  readonly source: string;
}

/** The columns that are drawn, with their names: the prompt and the controls. A figure has room for four. */
const DRAWN = [
  { column: 'prompt', name: 'prompt' },
  { column: 'sink', name: 'sink' },
  { column: 'template', name: 'template' },
  { column: 'random', name: 'random span' },
] as const satisfies readonly { readonly column: ShareColumn; readonly name: string }[];

/** Returns shares along the tokens, as in figure 4 of Li et al. 2024, with the controls and the spread over heads. */
export function tokenFigure(summary: DecaySummary, { model, source }: FigureWords): Figure {
  const places = summary.tokens;
  const at = ({ from, to }: (typeof places)[number]): number => (from + to) / 2;
  return {
    title: 'Share of attention along the dialogue',
    subtitle: subtitle(summary, model),
    x: 'tokens of the dialogue so far',
    continuous: true,
    panels: panels(summary, places, at),
    source,
  };
}

/** Returns shares turn by turn, with the controls and the spread over heads. */
export function turnFigure(summary: DecaySummary, { model, source }: FigureWords): Figure {
  return {
    title: 'Share of attention, turn by turn',
    subtitle: subtitle(summary, model),
    x: 'turn',
    panels: panels(summary, summary.turns, ({ turn }) => turn),
    source,
  };
}

/** Returns each head's share of the prompt, and the part that is left in the last turn. */
export function headMap(summary: DecaySummary, { model, source }: FigureWords): HeatMap {
  const { heads, headsPerLayer, layers } = summary;
  const grid = (value: (head: HeadSummary) => number | null): (number | null)[][] =>
    Array.from({ length: layers }, (_, layer) =>
      heads.slice(layer * headsPerLayer, (layer + 1) * headsPerLayer).map(value),
    );
  const shares = heads.map(({ spread }) => spread?.mean ?? 0);
  const left = heads.flatMap((head) => head.left?.value ?? []);
  return {
    title: "The prompt's share, head by head",
    subtitle: subtitle(summary, model),
    x: 'head',
    y: 'layer',
    absent: `brown: less than ${LEAST_SHARE} in the first turn, or not in sight`,
    panels: [
      {
        title: 'Mean share of attention',
        domain: [0, ceiling(Math.max(...shares))],
        values: grid(({ spread }) => spread?.mean ?? null),
      },
      ...(left.length === 0
        ? []
        : [
            {
              title: 'Last turn ÷ first turn',
              domain: [0, ceiling(Math.max(...left))] as const,
              values: grid((head) => head.left?.value ?? null),
            },
          ]),
    ],
    source,
  };
}

function panels<Where extends Place>(
  summary: DecaySummary,
  places: readonly Where[],
  at: (place: Where) => number,
): Figure['panels'] {
  const series = DRAWN.map(
    ({ column, name }): Series => ({
      name,
      points: places.flatMap((place) => pointOf(at(place), place.shares[column])),
    }),
  ).filter(({ points }) => points.length > 0);
  const heads: Series = {
    name: 'prompt',
    points: places.flatMap((place) =>
      place.heads === null
        ? []
        : [
            {
              x: at(place),
              value: place.heads.median,
              low: place.heads.tenth,
              high: place.heads.ninetieth,
            },
          ],
    ),
  };
  const highest = (of: readonly Series[]): number =>
    ceiling(Math.max(...of.flatMap(({ points }) => points.map(({ high }) => high))));
  return [
    {
      title: `Mean over rows and the heads that see furthest${summary.clusters < FEWEST_CLUSTERS ? '' : `; bands: 95 % intervals over ${clusterWord(summary)}`}`,
      domain: [0, highest(series)],
      height: 220,
      series,
    },
    {
      title: 'The median of these heads; the band covers 80 % of them',
      domain: [0, highest([heads])],
      height: 150,
      series: [heads],
    },
  ];
}

function pointOf(x: number, measured: Measured | null): ChartPoint[] {
  if (measured === null) return [];
  const { value, low, high } = measured;
  return [{ x, value, low: low ?? value, high: high ?? value }];
}

function subtitle({ dialogues, rows }: DecaySummary, model: string): string {
  const count = dialogues === 1 ? '1 dialogue' : `${dialogues} dialogues`;
  return `${model}; ${count}, ${rows.toLocaleString('en')} tokens of answers`;
}

/** Returns the next round number above, as the end of a scale. */
function ceiling(value: number): number {
  const step = value > 0.5 ? 0.1 : value > 0.1 ? 0.05 : 0.01;
  return Math.max(step, Number((Math.ceil(value / step) * step).toFixed(2)));
}
