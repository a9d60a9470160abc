import type { TopLevelSpec } from 'vega-lite';
import { type HeatMap, heatMapSpec } from './heat-map.js';
import { type Figure, specOf } from './line-chart.js';
import type { FigureLook } from './look.js';

/** The figure drawn, as SVG. */
export function figureSvg(figure: Figure, look: FigureLook): Promise<string> {
  return specSvg(specOf(figure, look));
}

/** The map drawn, as SVG. */
export function heatMapSvg(map: HeatMap, look: FigureLook): Promise<string> {
  return specSvg(heatMapSpec(map, look));
}

/** Any Vega-Lite specification drawn, as SVG. */
export async function specSvg(spec: TopLevelSpec): Promise<string> {
  // Only now: whoever draws nothing does not wait for the libraries that do.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return withOwnIds(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Vega counts the ids of gradients and clips through all that it ever drew: here every drawing begins anew. */
function withOwnIds(svg: string): string {
  const ids = [...new Set([...svg.matchAll(/\bid="((?:gradient_|clip)\d+)"/g)].map((match) => match[1]!))];
  return ids.reduce(
    (text, id, at) =>
      text.replaceAll(`"${id}"`, `"mark-${at}"`).replaceAll(`url(#${id})`, `url(#mark-${at})`),
    svg,
  );
}
