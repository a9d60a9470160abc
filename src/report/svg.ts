import type { TopLevelSpec } from 'vega-lite';
import { type HeatMap, heatMapSpec } from './heat-map.js';
import { html, type Markup, trusted } from './html.js';
import { type Figure, specOf } from './line-chart.js';
import type { FigureLook } from './look.js';
import { setTextWidths } from './text-width.js';

/** Draws a figure as SVG. */
export function figureSvg(figure: Figure, look: FigureLook): Promise<string> {
  return specSvg(specOf(figure, look));
}

/** Draws a heat map as SVG. */
export function heatMapSvg(map: HeatMap, look: FigureLook): Promise<string> {
  return specSvg(heatMapSpec(map, look));
}

/** Draws a Vega-Lite specification as SVG. */
export async function specSvg(spec: TopLevelSpec): Promise<string> {
  // Imported here, so that programs that draw nothing do not load the libraries.
  const [{ parse, textMetrics, View }, { compile }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
  ]);
  setTextWidths(textMetrics);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return withOwnIds(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Renumbers ids of gradients and clips. Vega counts them over all drawings of a process, so output would not repeat. */
function withOwnIds(svg: string): string {
  const ids = [...new Set([...svg.matchAll(/\bid="((?:gradient_|clip)\d+)"/g)].map((match) => match[1]!))];
  return ids.reduce(
    (text, id, at) =>
      text.replaceAll(`"${id}"`, `"mark-${at}"`).replaceAll(`url(#${id})`, `url(#mark-${at})`),
    svg,
  );
}

/**
 * Draws a figure into an HTML page: wide, and narrow for phones; the page shows one of them. Neither is shown narrower than it
 * was drawn, so that its text stays readable.
 * @param draw returns the figure as SVG
 * @param name what the ids in it begin with
 */
export async function pageFigure(draw: (look: FigureLook) => Promise<string>, name: string): Promise<Markup> {
  const inBox = (svg: string, look: FigureLook): Markup =>
    html`<div class="wide on-${look}" tabindex="0" role="region" aria-label="figure: ${name}">${inlineSvg(svg, `${name}-${look}`)}</div>`;
  return html`${inBox(await draw('page'), 'page')}${inBox(await draw('phone'), 'phone')}`;
}

/** Puts an SVG into an HTML page: without namespaces, which HTML does not need and which are addresses, and with own ids. */
function inlineSvg(svg: string, name: string): Markup {
  return trusted(
    svg
      .replace(/ xmlns(:\w+)?="[^"]*"/g, '')
      .replace(/^<svg\b([^>]*\bwidth="([\d.]+)")/, '<svg style="min-width: $2px"$1')
      .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
      .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`),
  );
}
