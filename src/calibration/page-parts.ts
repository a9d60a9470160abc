import { type ChartPoint, type Figure, figureSvg, html, type Markup, trusted } from '../report/index.js';
import type { RoundMean } from './outcome.js';

/** A figure of a page: drawn inside it, and as a file beside it. */
export interface PromptFigure {
  /** Of its file, without `.svg`. */
  readonly name: string;
  readonly caption: string;
  /** Returns the figure as SVG. */
  readonly svg: (look: 'paper' | 'page') => Promise<string>;
}

/** A file of a report. */
export interface PageFile {
  readonly path: string;
  readonly text: string;
}

/** CSS of the pages on one prompt. */
export const PROMPT_STYLE = `
.headline { font-size: 1.2rem; font-weight: 600; max-width: 46rem; }
pre { background: var(--card); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; }
blockquote { margin: 1rem 0; padding: .2rem 0 .2rem 1rem; border-left: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
figure { overflow-x: auto; }
figure svg { min-width: 34rem; }
td.words { white-space: nowrap; }
figcaption { color: var(--soft); max-width: 46rem; }
`;

/** Turns means by round into points of a line. */
export const pointsOf = (rounds: readonly RoundMean[]): ChartPoint[] =>
  rounds
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ round, value, low, high }) => ({
      x: round,
      value,
      low: Number.isNaN(low) ? value : low,
      high: Number.isNaN(high) ? value : high,
    }));

/** Returns a line chart as a figure of a page. */
export const lineFigure = (name: string, caption: string, figure: Figure): PromptFigure => ({
  name,
  caption,
  svg: (look) => figureSvg(figure, look),
});

/** Returns a range from zero that holds all intervals. */
export function domainOf(points: readonly ChartPoint[]): readonly [low: number, high: number] {
  const top = Math.max(...points.map(({ high }) => high));
  return [0, top > 0 ? 1.05 * top : 1];
}

/** Draws figures for a page. */
export async function figuresMarkup(figures: readonly PromptFigure[]): Promise<Markup> {
  const drawn: Markup[] = [];
  for (const { name, caption, svg } of figures) {
    // HTML needs no namespaces, and without them the page contains no address. Ids must be unique in the page.
    const inside = (await svg('page'))
      .replace(/ xmlns(:\w+)?="[^"]*"/g, '')
      .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
      .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`);
    drawn.push(html`<figure>${trusted(inside)}<figcaption>${caption}</figcaption></figure>\n`);
  }
  return html`${drawn}`;
}

/** Returns the figures as files. */
export async function figureFiles(figures: readonly PromptFigure[]): Promise<PageFile[]> {
  const files: PageFile[] = [];
  for (const { name, svg } of figures) files.push({ path: `${name}.svg`, text: await svg('paper') });
  return files;
}
