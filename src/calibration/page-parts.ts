import {
  type Figure,
  type FigureLook,
  figureSvg,
  html,
  type Markup,
  page,
  pageFigure,
} from '../report/index.js';

/** The figures that each page may have. */
const FIGURES = {
  audit: ['shares', 'influence', 'obedience', 'context'],
  calibration: ['course', 'front'],
} as const;
type FigureName = (typeof FIGURES)[keyof typeof FIGURES][number];

/** A figure of a page: drawn inside it, and as a file beside it. */
export interface PromptFigure {
  readonly name: FigureName;
  readonly caption: string;
  /** Returns the figure as SVG. */
  readonly svg: (look: FigureLook) => Promise<string>;
}

/** What the page on a prompt says besides its results. */
export interface PromptFacts {
  readonly model: string;
  readonly system: string;
  /** How it was made, as names and values. */
  readonly record: readonly (readonly [name: string, value: string])[];
}

/** A file of a report. */
export interface PageFile {
  readonly path: string;
  readonly text: string;
}

const PAGE = 'index.html';
const figurePath = (name: FigureName): string => `${name}.svg`;

/** Returns the paths that a page and its figures may have. */
export const pagePaths = (page: keyof typeof FIGURES): readonly string[] => [
  PAGE,
  ...FIGURES[page].map(figurePath),
];

/** CSS of the pages on one prompt. */
const PROMPT_STYLE = `
.headline { font-size: 1.2rem; font-weight: 600; max-width: 46rem; }
pre { background: var(--card); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; }
blockquote { margin: 1rem 0; padding: .2rem 0 .2rem 1rem; border-left: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
td.words { white-space: nowrap; }
figcaption { color: var(--soft); max-width: 46rem; }
`;

/** Returns a line chart as a figure of a page. */
export const lineFigure = (name: FigureName, caption: string, figure: Figure): PromptFigure => ({
  name,
  caption,
  svg: (look) => figureSvg(figure, look),
});

/** Draws figures for a page. */
export async function figuresMarkup(figures: readonly PromptFigure[]): Promise<Markup> {
  const drawn: Markup[] = [];
  for (const { name, caption, svg } of figures) {
    drawn.push(html`<figure>${await pageFigure(svg, name)}<figcaption>${caption}</figcaption></figure>\n`);
  }
  return html`${drawn}`;
}

/** Returns the figures as files. */
async function figureFiles(figures: readonly PromptFigure[]): Promise<PageFile[]> {
  const files: PageFile[] = [];
  for (const { name, svg } of figures) files.push({ path: figurePath(name), text: await svg('paper') });
  return files;
}

/** Returns a page on a prompt, which ends with how it was made and the prompt, and its figures as files. */
export async function promptFiles(
  title: string,
  results: Markup,
  figures: readonly PromptFigure[],
  { system, record }: PromptFacts,
): Promise<PageFile[]> {
  const body = html`<h1>${title}</h1>
${results}
<h2>How it was made</h2>
<dl>
${record.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<h2>The prompt</h2>
<blockquote>${system}</blockquote>`;
  const text = await page({ title, style: PROMPT_STYLE, body });
  return [{ path: PAGE, text }, ...(await figureFiles(figures))];
}
